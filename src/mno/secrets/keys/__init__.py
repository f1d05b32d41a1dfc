"""The data keys of the teams and of the hub, wrapped under the master key."""
