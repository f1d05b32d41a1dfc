"""The way to people: channels, and what delivers to them."""

from dataclasses import dataclass

from mno.audit.service import Audit
from mno.notifications.credentials.service import Credentials
from mno.notifications.delivering.service import Delivering
from mno.notifications.editing.service import ChannelEditing
from mno.notifications.senders import Senders
from mno.notifications.service import Notifications
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.mail import Mail
from mno.platform.tasks import Tasks
from mno.secrets.service import Secrets


@dataclass(frozen=True)
class Notifying:
    """Handing notices over, delivering them, and setting channels up."""

    notifications: Notifications
    delivering: Delivering
    editing: ChannelEditing


def build_notifications(
    config: Config, database: Database, audit: Audit, secrets: Secrets, mail: Mail, egress: Egress, tasks: Tasks
) -> Notifying:
    credentials = Credentials(secrets.own)
    delivering = Delivering(database, Senders(mail, egress), credentials)
    tasks.every("notifications.prune", "51 4 * * *", delivering.prune)
    page = f"{config.public_url or config.url(config.port)}/integrations/channels"
    return Notifying(
        Notifications(database, delivering.wake),
        delivering,
        ChannelEditing(database, audit, credentials, delivering, page),
    )
