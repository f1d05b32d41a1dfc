"""The hub as an authorization server: programs that act for people, with their consent."""
