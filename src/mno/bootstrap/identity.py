"""Who may do what: policy, people, and the ways in."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mno.audit.service import Audit
from mno.identity.admission.service import Admission, SessionEndings
from mno.identity.keys.service import Keys
from mno.identity.memory import RememberedPrincipals
from mno.identity.oauth.clients.documents import Documents
from mno.identity.oauth.clients.service import Clients
from mno.identity.oauth.rooms import Oauth
from mno.identity.oauth.service import Consents
from mno.identity.oauth.tokens.service import Tokens
from mno.identity.policy.grants.service import Grants
from mno.identity.policy.roles.service import Roles
from mno.identity.policy.service import Policy
from mno.identity.post.service import MAIL_PASSWORD, PostOffice
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.codes import service as codes_service
from mno.identity.sign_in.codes.service import Codes
from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.oidc import OidcClient
from mno.identity.sign_in.outside.providers import service as providers_service
from mno.identity.sign_in.outside.providers.service import Providers
from mno.identity.sign_in.outside.service import Outside
from mno.identity.sign_in.outside.welcome.service import Welcome
from mno.identity.sign_in.passkeys.service import Passkeys
from mno.identity.sign_in.passwords.hashing import PasswordHashes
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.rooms import Entrances
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions.service import Sessions
from mno.identity.teams.groups.service import Groups
from mno.identity.teams.invitations.service import Invitations
from mno.identity.teams.members.service import Members
from mno.identity.teams.projects.service import Projects
from mno.identity.teams.rooms import People
from mno.identity.teams.service import Teams
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.mail import Mail, MailServer, Security
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.service import Secrets
from mno.settings.service import Settings

if TYPE_CHECKING:
    from mno.identity.scim.service import Directory

from mno.bootstrap.engines import Engines


@dataclass(frozen=True)
class Access:
    """Who may do what, and the keys that programs show."""

    policy: Policy
    roles: Roles
    grants: Grants
    keys: Keys


def build_access(
    database: Database, versions: Versions, audit: Audit, remembered: RememberedPrincipals | None = None
) -> Access:
    policy = Policy(database, versions)
    keys = Keys(database, policy, audit, versions, remembered)
    return Access(policy, Roles(database, policy, audit), Grants(database, policy, audit, keys), keys)


def build_oauth(
    database: Database, policy: Policy, audit: Audit, versions: Versions, egress: Egress, tasks: Tasks
) -> Oauth:
    clients = Clients(database, Documents(Calls(egress.client())))
    tokens = Tokens(database, policy, audit, versions, clients)
    tasks.every("oauth.prune", "47 * * * *", tokens.prune)
    return Oauth(clients, Consents(database, policy, audit, clients), tokens)


def build_people(
    engines: Engines,
    policy: Policy,
    audit: Audit,
    outbox: Outbox,
    versions: Versions,
    settings: Settings,
    secrets: Secrets,
) -> People:
    endings = SessionEndings(versions)
    members = Members(engines.database, policy, endings, audit, outbox)
    groups, mail = Groups(engines.database, policy, audit), build_mail(settings, secrets)

    @cache
    def directory() -> "Directory":
        from mno.identity.scim.service import Directory

        return Directory(engines.database, members, groups, policy, audit)

    return People(
        teams=Teams(engines.database, policy, endings, audit, outbox),
        projects=Projects(engines.database, policy, audit, outbox),
        members=members,
        groups=groups,
        directory=directory,
        mail=mail,
        post=PostOffice(engines.database, mail, secrets.own, audit),
    )


def build_entrances(
    database: Database,
    policy: Policy,
    audit: Audit,
    versions: Versions,
    settings: Settings,
    secrets: Secrets,
    people: People,
    tasks: Tasks,
) -> Entrances:
    attempts = Attempts(database)
    sessions = Sessions(database, audit, versions, settings)
    passwords = Passwords(database, audit, sessions, attempts, PasswordHashes(), people.mail)
    tasks.every("sign_in.prune", "41 * * * *", sessions.prune)
    tasks.every("sign_in.prune_attempts", "43 * * * *", attempts.prune)
    passkeys, codes = Passkeys(database, audit, sessions), Codes(database, audit, secrets.sealer)
    calls = Calls(Egress(settings.egress_allowed).client())
    oidc = OidcClient(calls)
    providers = Providers(database, audit, secrets.sealer, oidc, policy)
    secrets.sealer.hold(codes_service.SEALED_KIND, codes.walk)
    secrets.sealer.hold(providers_service.SEALED_KIND, providers.walk)
    welcome = Welcome(people.members, policy, audit)
    return Entrances(
        SignIn(database, audit, settings, attempts, sessions, passwords, passkeys, codes),
        Outside(database, audit, sessions, attempts, settings, secrets.own, providers, calls, oidc, welcome),
        providers,
    )


def build_invitations(
    database: Database, policy: Policy, audit: Audit, settings: Settings, people: People, entrances: Entrances
) -> Invitations:
    accounts = Admission(entrances.sign_in)
    return Invitations(database, people.members, policy, audit, people.mail, accounts, settings)


def build_mail(settings: Settings, secrets: Secrets) -> Mail:
    def server() -> MailServer:
        return MailServer(
            host=settings.value("mail.host"),
            port=settings.value("mail.port"),
            security=Security(settings.value("mail.security")),
            user=settings.value("mail.user"),
            sender=settings.value("mail.from"),
        )

    return Mail(server, lambda: secrets.own.read_own(None, MAIL_PASSWORD))
