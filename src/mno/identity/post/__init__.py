"""The hub's letters, as an administrator sets them up."""
