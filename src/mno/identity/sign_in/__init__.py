"""How people come in and prove again who they are: links, passwords, passkeys, one-time codes, GitHub, OpenID
Connect; the sessions that this opens, and the limits on trying.
"""
