"""What signing in offers to those who build the program: its services, and which routes they stand behind."""

from dataclasses import dataclass

from mno.identity.sign_in.codes.service import Codes
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import Outside
from mno.identity.sign_in.passkeys.service import Passkeys
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions.service import Sessions


@dataclass(frozen=True)
class Entrances:
    """All ways in, and the sessions that they open."""

    sign_in: SignIn
    outside: Outside
    providers: Providers

    @property
    def sessions(self) -> Sessions:
        return self.sign_in.sessions

    @property
    def passwords(self) -> Passwords:
        return self.sign_in.passwords

    @property
    def passkeys(self) -> Passkeys:
        return self.sign_in.passkeys

    @property
    def codes(self) -> Codes:
        return self.sign_in.codes
