"""Setting up letters over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from mno.identity.post.service import PostOffice
from mno.platform.http.gate import requires
from mno.platform.mail import MAX_ADDRESS_CHARACTERS
from mno.platform.principal import Principal

HubReader = Annotated[Principal, Depends(requires("hub.settings.read"))]
HubWriter = Annotated[Principal, Depends(requires("hub.settings.write"))]


class PasswordWish(BaseModel, extra="forbid"):
    password: Annotated[str, Field(max_length=1000, description="Empty takes it away.")]


class PasswordState(BaseModel):
    is_set: bool = Field(description="Whether one is kept. What it is nobody is shown.")


class TrialWish(BaseModel, extra="forbid"):
    to: Annotated[str, Field(min_length=3, max_length=MAX_ADDRESS_CHARACTERS)]


def router(office: PostOffice) -> APIRouter:
    routes = APIRouter(prefix="/api/mail", tags=["mail"])

    @routes.get("/password")
    async def password_state(_: HubReader) -> PasswordState:
        """Whether the mail server's password is set."""
        return PasswordState(is_set=await office.has_password())

    @routes.put("/password", status_code=204)
    async def keep_password(writer: HubWriter, wish: PasswordWish) -> None:
        """Sets the mail server's password, which is never shown again; the rest are the settings `mail.*`."""
        await office.keep_password(writer, wish.password)

    @routes.post("/trial", status_code=204)
    async def send_trial(_: HubWriter, wish: TrialWish) -> None:
        """Sends a letter now; 503 with the mail server's own words when it does not take it."""
        await office.send_trial(wish.to)

    return routes
