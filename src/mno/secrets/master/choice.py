"""Which master keys the operator chose: MNO_MASTER_KEY names them, the data folder's file stands in for none."""

from mno.platform.errors import Invalid
from mno.secrets.master.local import MAX_MASTER_KEYS, KeyFile, parsed
from mno.secrets.master.ring import MasterKey, MasterRing

AWS_KMS = "aws-kms:"


def chosen(text: str, file: KeyFile) -> MasterRing:
    """The ring for MNO_MASTER_KEY: keys in base64 or `aws-kms:` with a key's ARN, parted by commas, the first of
    which encrypts; `Invalid` never repeats the text.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) > MAX_MASTER_KEYS:
        raise Invalid(f"MNO_MASTER_KEY names {len(words)} keys; at most {MAX_MASTER_KEYS} are read.")
    named = [_named(word) for word in words]
    if len({key.id for key in named}) != len(named):
        raise Invalid("MNO_MASTER_KEY names the same key twice.")
    return MasterRing(named, file)


def _named(word: str) -> MasterKey:
    if word.startswith(AWS_KMS):
        from mno.secrets.master.aws import AwsKmsKey

        return AwsKmsKey(word.removeprefix(AWS_KMS))
    return parsed(word, "MNO_MASTER_KEY")
