"""Use cases of calls that wait for approval: asking once, waiting without a thread or a transaction, deciding.

A request is asked for in approvals, in the transaction that writes the call down. Whatever ends the request moves the
call on in the same transaction, so a call is approved once or never. Who waits holds nothing but a place in memory; a
restart costs that, and the client that asks again finds its call.
"""

from dataclasses import replace
from uuid import UUID

from mno.approvals.model import Approval, Decision, Proposal
from mno.approvals.service import Approvals
from mno.mcp_gateway.calls.arguments import check_arguments
from mno.mcp_gateway.calls.performing import Wanted
from mno.mcp_gateway.facts import CALL_ENDED
from mno.mcp_gateway.gated import rules, store
from mno.mcp_gateway.gated.model import KIND, MAX_WAITING_CALLS_EACH, GatedCall, GatedState
from mno.mcp_gateway.gated.reminding.service import Reminding
from mno.mcp_gateway.gated.sealing import Sealing
from mno.mcp_gateway.gated.waiting.service import WaitingRoom
from mno.mcp_gateway.offers.tools import Tool
from mno.mcp_gateway.policies.model import ApprovalTerms
from mno.mcp_gateway.ports import Policy
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Raw
from mno.platform import origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, LimitExceeded, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal
from mno.platform.scope import Scope

#: Calls that one page of the list shows.
MAX_LISTED_GATED_CALLS = 100

Outcome = tuple[GatedCall, bytes | None]


class GatedCalls:
    """Of all teams."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        approvals: Approvals,
        policy: Policy,
        room: WaitingRoom,
        reminding: Reminding,
        sealing: Sealing,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._approvals = approvals
        self._policy = policy
        self._room = room
        self._reminding = reminding
        self._sealing = sealing
        approvals.on_decided(KIND, self._decided)

    # — for who calls —

    async def asked(self, wanted: Wanted, tool: Tool, terms: ApprovalTerms) -> GatedCall:
        """The call, for which approval is asked where that is not done yet.

        The same call asked again is the same one: while it is open, until somebody was given its outcome, and as long
        as it is kept where the client named an idempotency key or comes back with the state that it was given.
        `Invalid` for arguments that the schema does not allow, `TooLarge` for more than somebody would read,
        `LimitExceeded` at MAX_WAITING_CALLS_EACH,
        `NotFound` for a state that is not the caller's.
        """
        return await self._found(wanted) or await self._new_or_same(wanted, tool, terms)

    async def outcome(self, call: GatedCall, hold_s: float) -> Outcome:
        """The call as it stands when it is over, or after `hold_s`, and its server's response where there is one."""
        if not call.is_over and await self._room.is_over(call.id, hold_s):
            call = await self._read(call.team_id, call.id)
        if not call.is_over:
            return call, None
        if not call.delivered:
            async with self._database.transaction(call.team_id) as tx:
                await store.set_delivered(tx, call.team_id, call.id)
        return call, self._sealing.response_of(call)

    async def get(self, reader: Principal, id_: UUID) -> Outcome:
        """`NotFound` where it is neither the reader's own nor one that they may read. Others are shown the response
        redacted.
        """
        async with self._database.transaction(reader.team_id) as tx:
            call = await store.read(tx, reader.team_id, id_)
        is_own = call is not None and call.asker_id == reader.id
        if call is None or not (is_own or self._may_read(reader, call.project_id)):
            raise NotFound(f"There is no call {shown('apr', id_)} here.")
        response = self._sealing.response_of(call)
        if response is None or is_own:
            return call, response
        return call, message.encoded(rules.redacted(message.value_of(Raw(response))))

    async def page(self, reader: Principal, state: GatedState | None) -> list[GatedCall]:
        """The newest MAX_LISTED_GATED_CALLS of the reader's project."""
        async with self._database.transaction(reader.team_id) as tx:
            return await store.page(tx, reader.team_id, reader.project_id, state, MAX_LISTED_GATED_CALLS)

    # — for who decides —

    async def waiting_call(self, decider: Principal, id_: UUID) -> GatedCall:
        """One that waits for a decision; `NotFound` where there is none."""
        call = await self._read(decider.team_id, id_)
        if call.state is not GatedState.WAITING:
            raise Conflict("This call was decided already; nothing can change that.")
        return call

    async def degrade(self, decider: Principal, id_: UUID, arguments: dict[str, object], note: str) -> Approval:
        """Approves the call with other arguments, which the caller has checked against the tool's schema. `Conflict`
        where two people must approve: both must approve the same.
        """
        raw = Raw(message.encoded(arguments))
        rules.arguments_of({"arguments": raw})

        async def change(tx: Connection, approval: Approval) -> None:
            if approval.proposal.persons > 1:
                raise Conflict("Two people decide this call, the same for both. Refuse it, and it can be asked anew.")
            call = await store.read(tx, approval.team_id, id_, lock=True)
            if call is None:
                raise NotFound("This request is about no call of a tool.")
            params = {**self._sealing.params_of(call), "arguments": raw}
            sealed = self._sealing.params(id_, params)
            await store.save(tx, replace(call, params=sealed, shown=rules.redacted(arguments), changed=True))

        return await self._approvals.decide(decider, id_, Decision.APPROVE, note, before=change)

    async def _decided(self, tx: Connection, approval: Approval) -> None:
        """In the transaction that ends the request."""
        call = await store.read(tx, approval.team_id, approval.id, lock=True)
        if call is None or call.state is not GatedState.WAITING:
            return
        after = rules.decided(call, approval)
        await store.save(tx, after)
        if after.is_over:
            await self._outbox.publish(tx, ended_fact(after))
        await self._room.tell(tx, after)

    # — parts —

    async def _found(self, wanted: Wanted) -> GatedCall | None:
        """The call that a client of the newer era comes back for."""
        id_ = rules.id_in(wanted.params)
        if id_ is None:
            return None
        call = await self._read(wanted.principal.team_id, id_)
        about = (call.asker_id, call.server_id, call.tool)
        if about != (wanted.principal.id, wanted.ready.server.id, wanted.tool):
            raise NotFound("The requestState is not of this call.")
        return call

    async def _new_or_same(self, wanted: Wanted, tool: Tool, terms: ApprovalTerms) -> GatedCall:
        """The open call that is the same, or a new one and the request for it."""
        principal, ready = wanted.principal, wanted.ready
        arguments = rules.arguments_of(wanted.params)
        check_arguments(tool.value.get("inputSchema", {}), arguments)
        params = rules.kept_params(wanted.params)
        digest = rules.digest_of(ready.server.id, wanted.tool, arguments, params)
        key = rules.idempotency_key_of(wanted.params, wanted.headers)
        async with self._database.transaction(principal.team_id) as tx:
            await self._room.alone(tx, principal.team_id)
            known = await store.same(tx, principal.team_id, principal.id, digest, key)
            if known is not None:
                return known
            if await store.count_waiting(tx, principal.team_id, principal.id) >= MAX_WAITING_CALLS_EACH:
                raise LimitExceeded(
                    f"{MAX_WAITING_CALLS_EACH} calls of '{principal.name}' wait for approval already, the limit."
                )
            shown_arguments = rules.redacted(arguments)
            name = ready.permission_name(wanted.tool)
            approval = await self._approvals.ask(tx, principal, _proposal(principal, name, shown_arguments, terms))
            half = approval.created_at + terms.lifetime / 2
            call = GatedCall(
                id=approval.id,
                team_id=principal.team_id,
                project_id=principal.project_id,
                server_id=ready.server.id,
                server=ready.server.name,
                tool=wanted.tool,
                asker_kind=principal.kind.value,
                asker_id=principal.id,
                asker_name=principal.name,
                asker_person=approval.asked_by.person,
                digest=digest,
                idempotency_key=key,
                shown=shown_arguments,
                told=rules.told_of(origin.current(), wanted.headers, wanted.caps),
                params=self._sealing.params(approval.id, params),
                created_at=approval.created_at,
                expires_at=approval.expires_at,
                channels=terms.channels,
                remind_at=half if terms.channels else None,
            )
            await store.insert(tx, call)
            await self._reminding.tell_new(tx, call)
        return call

    async def _read(self, team_id: UUID, id_: UUID) -> GatedCall:
        async with self._database.transaction(team_id) as tx:
            call = await store.read(tx, team_id, id_)
        if call is None:
            raise NotFound(f"There is no call {shown('apr', id_)} here (any more).")
        return call

    def _may_read(self, reader: Principal, project_id: UUID) -> bool:
        return self._policy.may(reader, "mcp.read", Scope.project(reader.team_id, project_id))


def ended_fact(call: GatedCall) -> Fact:
    """A call is over."""
    data = {
        "server": call.server,
        "tool": call.tool,
        "state": call.state.value,
        "note": call.note,
        "project": shown("prj", call.project_id),
        "trace": call.told["trace_id"],
        "changed": call.changed,
    }
    return Fact(call.team_id, shown("apr", call.id), CALL_ENDED, data)


def _proposal(principal: Principal, name: str, arguments: dict[str, object], terms: ApprovalTerms) -> Proposal:
    return Proposal(
        kind=KIND,
        title=f"Call {name}",
        proposed={"tool": name, "arguments": arguments, "trace_id": origin.current().trace_id},
        scope=Scope.tool(principal.team_id, principal.project_id, name),
        persons=terms.persons,
        lifetime=terms.lifetime,
        on_expiry=terms.on_expiry,
    )
