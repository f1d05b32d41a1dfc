"""The wire shapes of signing in. None takes a field that it does not name."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mno.identity.sign_in.codes.otp import RECOVERY_CODES
from mno.identity.sign_in.model import Factor, Person, Session
from mno.identity.sign_in.outside.model import LinkedAccount, Provider
from mno.identity.sign_in.outside.providers.service import Wish
from mno.identity.sign_in.passkeys.ceremony import Site
from mno.identity.sign_in.passkeys.store import Passkey
from mno.identity.sign_in.passwords.rules import MAX_PASSWORD_CHARACTERS
from mno.identity.sign_in.service import Proof, Standing
from mno.platform.ids import parsed, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.mail import MAX_ADDRESS_CHARACTERS
from mno.platform.principal import Principal

Token = Annotated[str, Field(min_length=1, max_length=200)]
Email = Annotated[str, Field(min_length=3, max_length=MAX_ADDRESS_CHARACTERS)]
#: Longer ones than a password may be are read, so that the answer can say so.
Password = Annotated[str, Field(min_length=1, max_length=4 * MAX_PASSWORD_CHARACTERS)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS)]
Credential = Annotated[dict[str, Any], Field(description="The browser's credential as JSON (`toJSON()`).")]


class Strict(BaseModel):
    """An input: a field that is not named here is refused, so that nobody sets what is not theirs to set."""

    model_config = ConfigDict(extra="forbid")


# — sessions —


class NamedRef(BaseModel):
    id: str
    name: str


class UserRef(NamedRef):
    email: str


class OwnSession(BaseModel):
    id: str
    factors: list[Factor] = Field(description="What was shown in this session.")
    verified_at: datetime | None = Field(description="When a factor was last shown that counts for sensitive changes.")
    expires_at: datetime


class SessionShape(BaseModel):
    """Who is signed in; `user` and `session` are null where an API key asks."""

    user: UserRef | None
    team: NamedRef
    project: NamedRef
    permissions: list[str] = Field(description="Of the project, the team and the hub.")
    team_permissions: list[str] = Field(description="Those that hold in the whole team, for what is in no project.")
    language: str = Field(description="The person's own, else the team's setting; empty: the browser's.")
    session: OwnSession | None

    @classmethod
    def of(
        cls, caller: Principal, person: Person | None, team: str, project: str, session: Session | None, language: str
    ) -> "SessionShape":
        return cls(
            user=UserRef(id=shown("usr", person.id), name=person.name, email=person.email) if person else None,
            team=NamedRef(id=shown("team", caller.team_id), name=team),
            project=NamedRef(id=shown("prj", caller.project_id), name=project),
            permissions=sorted(caller.permissions | caller.team_permissions | caller.hub_permissions),
            team_permissions=sorted(caller.team_permissions),
            language=language,
            session=OwnSession(
                id=shown("ses", session.id),
                factors=list(session.factors),
                verified_at=session.verified_at,
                expires_at=session.expires_at,
            )
            if session
            else None,
        )


class SwitchWish(Strict):
    """Where the session shall act."""

    team_id: Annotated[str | None, Field(description="Of `GET /api/teams`; null stays.")] = None
    project_id: Annotated[str | None, Field(description="A project of that team; null takes one of it.")] = None


class ListedSession(BaseModel):
    id: str
    current: bool
    address: str
    agent: str
    factors: list[Factor]
    team_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session, caller: Principal) -> "ListedSession":
        return cls(
            id=shown("ses", session.id),
            current=session.id == caller.session_id,
            address=session.address,
            agent=session.agent,
            factors=list(session.factors),
            team_id=shown("team", session.team_id),
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
        )


class SessionList(BaseModel):
    items: list[ListedSession]


class Ended(BaseModel):
    ended: int


class LinkShape(BaseModel):
    url: str = Field(description="Works once, within an hour.")


# — ways in —


class ProviderRef(NamedRef):
    """A provider as everybody may see it, for its button."""


class Methods(BaseModel):
    """Which ways in are open here."""

    password: bool
    passkey: bool
    github: bool
    providers: list[ProviderRef]
    reset_by_mail: bool


class PasswordWish(Strict):
    email: Email
    password: Password


class SignInAnswer(BaseModel):
    """`second_factor` is set where the account asks for one: show it with POST /api/auth/second-factor."""

    signed_in: bool
    second_factor: "FactorShape | None" = None


class FactorShape(BaseModel):
    token: str
    factors: list[Factor]


class PasskeyProof(Strict):
    token: Token
    credential: Credential


class ProofWish(Strict):
    """Exactly one of these."""

    totp: Annotated[str, Field(max_length=20)] = ""
    recovery_code: Annotated[str, Field(max_length=60)] = ""
    password: Annotated[str, Field(max_length=4 * MAX_PASSWORD_CHARACTERS)] = ""
    passkey: PasskeyProof | None = None

    def proof(self, site: Site | None) -> Proof:
        return Proof(
            self.totp,
            self.recovery_code,
            self.password,
            self.passkey.token if self.passkey else "",
            self.passkey.credential if self.passkey else None,
            site,
        )


class SecondFactorWish(ProofWish):
    token: Token


class PasskeyOptions(BaseModel):
    token: str = Field(description="Comes back with the browser's answer.")
    options: dict[str, Any] = Field(description="For `navigator.credentials`, as JSON.")


class ResetWish(Strict):
    email: Email


class NewPasswordWish(Strict):
    token: Token
    password: Password


# — the person's own —


class ProfileShape(BaseModel):
    id: str
    name: str
    email: str
    email_verified: bool
    language: str
    password: bool
    totp: bool
    recovery_codes: int = Field(description="Those that were not used yet.")
    passkeys: int
    second_factors: list[Factor]

    @classmethod
    def of(cls, person: Person, standing: Standing, language: str) -> "ProfileShape":
        return cls(
            id=shown("usr", person.id),
            name=person.name,
            email=person.email,
            email_verified=person.email_verified,
            language=language,
            password=standing.password,
            totp=standing.codes.totp,
            recovery_codes=standing.codes.recovery_codes,
            passkeys=standing.passkeys,
            second_factors=list(standing.second_factors),
        )


class ProfileWish(Strict):
    name: Name
    language: Annotated[str, Field(max_length=20, description="`en`, `zh-Hant`, `zh-Hans`; empty: the browser's.")] = ""


class ChangePasswordWish(Strict):
    password: Password
    current: Annotated[str, Field(max_length=4 * MAX_PASSWORD_CHARACTERS)] = ""


class AddressWish(Strict):
    email: Email


class AskedAddress(BaseModel):
    mailed: bool = Field(description="A letter with a link is under way; false: the address is the person's already.")


class TokenWish(Strict):
    token: Token


class AddressShape(BaseModel):
    email: str


class PasskeyWish(Strict):
    token: Token
    credential: Credential
    name: Name


class PasskeyName(Strict):
    name: Name


class PasskeyShape(BaseModel):
    id: str
    name: str
    backed_up: bool = Field(description="Whether it lives on several devices of its owner.")
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: Passkey) -> "PasskeyShape":
        return cls(
            id=shown("pky", key.id),
            name=key.name,
            backed_up=key.backed_up,
            created_at=key.created_at,
            last_used_at=key.last_used_at,
        )


class PasskeyList(BaseModel):
    items: list[PasskeyShape]


class EnrolShape(BaseModel):
    secret: str = Field(description="For typing in by hand. It is shown this once.")
    uri: str = Field(description="For the QR code.")


class CodeWish(Strict):
    code: Annotated[str, Field(min_length=6, max_length=20)]


class RecoveryCodes(BaseModel):
    codes: list[str] = Field(description=f"{RECOVERY_CODES} codes, each good once, shown this once.")


class LinkedAccountShape(BaseModel):
    provider: str = Field(description="`github`, or a provider's id.")
    name: str
    email: str
    linked_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, account: LinkedAccount) -> "LinkedAccountShape":
        provider = account.provider if account.provider == "github" else f"idp_{account.provider}"
        return cls(
            provider=provider,
            name=account.name,
            email=account.email,
            linked_at=account.linked_at,
            last_at=account.last_at,
        )


class LinkedAccountList(BaseModel):
    items: list[LinkedAccountShape]


# — providers —


class ProviderWish(Strict):
    kind: Literal["oidc"] = "oidc"
    name: Name
    issuer: Annotated[str, Field(min_length=8, max_length=500)]
    client_id: Annotated[str, Field(min_length=1, max_length=300)]
    client_secret: Annotated[
        str | None, Field(max_length=2000, description="Kept sealed and never shown; null leaves the old one.")
    ] = None
    team_id: Annotated[str | None, Field(description="Whose people it speaks for; null: everybody's.")] = None
    scopes: Annotated[str, Field(max_length=500)] = "openid email profile"
    trusts_factor: Annotated[
        bool, Field(description="A claim `amr` that names several factors counts as a second factor.")
    ] = False
    trusts_email: Annotated[
        bool, Field(description="Addresses in `domains` count as verified although the provider does not say so.")
    ] = False
    domains: Annotated[list[str], Field(max_length=50, description="E-mail domains it may speak for; empty: all.")] = []
    joins_team: Annotated[str | None, Field(description="Who has no account yet joins this team.")] = None
    joins_role: Annotated[str | None, Field(description="With this role.")] = None
    enabled: bool = True

    def wish(self) -> Wish:
        return Wish(
            name=self.name,
            issuer=self.issuer,
            client_id=self.client_id,
            secret=self.client_secret,
            team_id=parsed("team", self.team_id) if self.team_id else None,
            scopes=self.scopes,
            trusts_factor=self.trusts_factor,
            trusts_email=self.trusts_email,
            domains=self.domains,
            joins_team=parsed("team", self.joins_team) if self.joins_team else None,
            joins_role=parsed("role", self.joins_role) if self.joins_role else None,
            enabled=self.enabled,
        )


class IssuerWish(Strict):
    issuer: Annotated[str, Field(min_length=8, max_length=500)]


class GithubAppShape(BaseModel):
    client_id: str = Field(description="The setting `github.client_id`; empty: no sign-in through GitHub.")
    has_secret: bool
    redirect_uri: str = Field(description="To be entered at GitHub.")


class SecretWish(Strict):
    client_secret: Annotated[str, Field(min_length=1, max_length=500, description="Kept encrypted, never shown.")]


class ProviderShape(BaseModel):
    """A provider without its secret."""

    id: str
    kind: Literal["oidc"] = "oidc"
    name: str
    issuer: str
    client_id: str
    team_id: str | None
    scopes: str
    trusts_factor: bool
    trusts_email: bool
    domains: list[str]
    joins_team: str | None
    joins_role: str | None
    enabled: bool
    redirect_uri: str = Field(description="To be entered at the provider.")
    created_at: datetime

    @classmethod
    def of(cls, provider: Provider, base_url: str) -> "ProviderShape":
        return cls(
            id=shown("idp", provider.id),
            name=provider.name,
            issuer=provider.issuer,
            client_id=provider.client_id,
            team_id=shown("team", provider.team_id) if provider.team_id else None,
            scopes=provider.scopes,
            trusts_factor=provider.trusts_factor,
            trusts_email=provider.trusts_email,
            domains=list(provider.domains),
            joins_team=shown("team", provider.joins_team) if provider.joins_team else None,
            joins_role=shown("role", provider.joins_role) if provider.joins_role else None,
            enabled=provider.enabled,
            redirect_uri=f"{base_url}/api/auth/oidc/{shown('idp', provider.id)}/callback",
            created_at=provider.created_at,
        )


class ProviderList(BaseModel):
    items: list[ProviderShape]
