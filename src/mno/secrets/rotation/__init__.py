"""New data keys and a new master key while everything goes on."""
