"""The protocol's messages, in both eras: pure."""
