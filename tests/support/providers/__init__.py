"""Stand-ins for the model providers: the real wire formats, invented answers, and an exact bill.

The official SDKs talk to these servers unmodified. Each request is answered with figures that no other
request has, so that a comparison with the hub finds a call that was lost, doubled or mixed up.
"""
