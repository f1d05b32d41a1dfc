"""The address that the program listens on, taken before anything that takes long to import."""

import socket

from mno.platform.config import Config
from mno.platform.errors import Conflict, Invalid


def listen(config: Config) -> socket.socket:
    """Takes the address; `Conflict` when another program has it, `Invalid` when there is no such address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise Invalid(f"MNO_HOST is '{config.host}', which is no address of this machine.") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise Conflict(
            f"The address {config.host}:{config.port} cannot be used ({error.strerror}). "
            "Is another program there? Choose a port with --port or MNO_PORT."
        ) from None
    listener.listen(2048)
    return listener
