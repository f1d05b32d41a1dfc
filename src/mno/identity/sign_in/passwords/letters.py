"""What the letters with a link for one person say, in the three languages of the program.

Of each text the first paragraph is the letter's heading.
"""

from mno.identity.teams.model import Language

_RESET = {
    Language.ENGLISH: (
        "A new password for MachineNativeOps",
        """Choose a new password

Somebody, hopefully you, asked for a new password for this address. Open this link to choose one:

{link}

It works once, within an hour, and ends all your sessions. If it was not you, do nothing: your password stays as it is.
""",
    ),
    Language.TRADITIONAL_CHINESE: (
        "重設您的 MachineNativeOps 密碼",
        """重設密碼

有人為這個信箱申請重設密碼。如果是您本人，請開啟以下連結設定新密碼：

{link}

此連結一小時內有效，且只能使用一次；重設後，您所有的登入工作階段都會結束。如果不是您本人，請忽略此信，密碼不會變更。
""",
    ),
    Language.SIMPLIFIED_CHINESE: (
        "重置您的 MachineNativeOps 密码",
        """重置密码

有人为此邮箱申请了重置密码。如果是您本人，请打开以下链接设置新密码：

{link}

此链接一小时内有效，且只能使用一次；重置后，您的所有登录会话都会结束。如果不是您本人，请忽略此邮件，密码不会更改。
""",
    ),
}
_ADDRESS = {
    Language.ENGLISH: (
        "Confirm your address for MachineNativeOps",
        """Is this your address?

You entered it in your profile. Open this link, where you are signed in, to confirm that it is yours:

{link}

It works once, within two days. If you know nothing of this, do nothing: the address is not taken over.
""",
    ),
    Language.TRADITIONAL_CHINESE: (
        "請確認您在 MachineNativeOps 的電子郵件地址",
        """這是您的信箱嗎？

您在個人資料中填寫了這個地址。請在已登入的瀏覽器中開啟以下連結，確認它屬於您：

{link}

此連結兩天內有效，且只能使用一次。如果您並未這麼做，請忽略此信，這個地址不會生效。
""",
    ),
    Language.SIMPLIFIED_CHINESE: (
        "请确认您在 MachineNativeOps 的邮箱地址",
        """这是您的邮箱吗？

您在个人资料中填写了此地址。请在已登录的浏览器中打开以下链接，确认它属于您：

{link}

此链接两天内有效，且只能使用一次。如果您并未进行此操作，请忽略此邮件，该地址不会生效。
""",
    ),
}


def reset_letter(language: Language, link: str) -> tuple[str, str]:
    """Subject and text of the letter that lets somebody choose a new password."""
    return _with(link, *_RESET[language])


def address_letter(language: Language, link: str) -> tuple[str, str]:
    """Subject and text of the letter that proves an address."""
    return _with(link, *_ADDRESS[language])


def _with(link: str, subject: str, text: str) -> tuple[str, str]:
    return subject, text.format(link=link)
