"""The foundation layer below identity: audit, secrets, approvals, and the work behind."""

from mno.approvals.service import Approvals
from mno.audit.anchoring.anchors import FileKey
from mno.audit.anchoring.service import Anchoring
from mno.audit.log import AuditLog
from mno.audit.queries import AuditQueries
from mno.audit.retention.service import Retention
from mno.audit.service import Audit
from mno.audit.streams.service import Streams
from mno.audit.verification.service import Verifications
from mno.bootstrap.engines import Engines
from mno.identity.admission.service import GroupsOfPeople
from mno.identity.policy.service import Policy
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.objects import Objects
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.changes.service import Changes
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.rooms import Rooms
from mno.secrets.rotation.service import Rotations
from mno.secrets.runtime.service import Runtime
from mno.secrets.service import Secrets
from mno.settings.service import Settings


def build_audit(engines: Engines) -> Audit:
    return Audit(engines.database)


def build_audit_log(config: Config, engines: Engines, audit: Audit, settings: Settings) -> AuditLog:
    database, folder = engines.database, engines.folder
    key = FileKey(folder.audit_key, config.audit_key, config.audit_trusted_keys)
    objects = Objects(config.objects_url, folder.objects)
    anchoring = Anchoring(database, objects, key, config.audit_anchor_minutes * 60)
    return AuditLog(
        audit,
        AuditQueries(database),
        anchoring,
        Verifications(database, anchoring),
        Retention(database, audit, anchoring, lambda _: int(settings.value("retention.audit_days"))),
        Streams(
            database,
            audit,
            Egress(settings.egress_allowed),
            lambda stream_id: key.derived(f"audit stream {stream_id}"),
        ),
    )


def build_secrets(config: Config, engines: Engines, versions: Versions) -> Secrets:
    ring = chosen(config.master_key, KeyFile(engines.folder.master_key))
    return Secrets(engines.database, ring, versions)


def build_runtime(
    engines: Engines, secrets: Secrets, audit: Audit, policy: Policy, approvals: Approvals, tasks: Tasks
) -> Rooms:
    database, keys = engines.database, secrets.keys
    return Rooms(
        Runtime(database, keys, audit, policy),
        Changes(database, keys, audit, policy, approvals),
        Rotations(database, secrets, audit, policy, tasks),
    )


def build_tasks(database: Database, outbox: Outbox) -> Tasks:
    tasks = Tasks(database)
    tasks.every("facts.prune", "17 * * * *", outbox.prune)
    tasks.every("tasks.prune", "23 3 * * *", tasks.prune)
    return tasks


def build_approvals(database: Database, outbox: Outbox, audit: Audit, policy: Policy) -> Approvals:
    return Approvals(database, outbox, audit, policy, GroupsOfPeople(database))
