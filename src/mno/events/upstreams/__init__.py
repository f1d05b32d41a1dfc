"""Upstreams that stop answering and answer again, as the breakers of the gateways find out."""
