"""The live stream of value events: who follows is sent what arrives, coalesced by subject."""
