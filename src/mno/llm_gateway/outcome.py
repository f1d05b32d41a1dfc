"""What became of a call, written into it: the provider's own figures, or an estimate where it told none."""

from mno.llm_gateway.model import Call, Usage
from mno.llm_gateway.passage import Passage
from mno.llm_gateway.plan import Plan
from mno.platform import clock

#: What has text for output, so that what came can be estimated.
_TEXTUAL = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
#: Bytes of a request that stand for a token of its input, where the provider does not say.
_BYTES_PER_TOKEN = 4


def conclude(call: Call, plan: Plan, passage: Passage) -> bool:
    """Completes the call; whether its usage is an estimate."""
    reading, route = passage.reading, passage.route
    call.duration_ns = clock.now_ns() - call.start_ns
    if plan.asked.stream and passage.first_piece_ns:
        call.time_to_first_token_ns = max(0, passage.first_piece_ns - call.start_ns)
    call.provider, call.request_model = route.upstream.provider.priced_as, route.model
    call.model = reading.model or route.model
    call.response_id, call.finish_reason = reading.response_id, reading.finish_reason
    call.service_tier = reading.service_tier
    # a client that leaves is no failure of its call
    call.failed = passage.status >= 400 or passage.was_broken or (passage.status == 0 and not passage.was_left)
    call.status_message = reading.trouble if call.failed else ""
    if reading.usage is not None and not call.metered and passage.is_charged_all_the_same:
        call.metered = True
    estimated = _charge(call, plan, passage)
    attributes = {
        "http.response.status_code": passage.status,
        "gen_ai.request.stream": plan.asked.stream,
        "mno.gateway.provider": route.upstream.provider.name,
        "mno.gateway.attempts": passage.attempts,
        "mno.gateway.alias": plan.alias,
        "mno.gateway.cut": passage.was_cut,
        "mno.gateway.estimated": estimated,
    }
    call.attributes.update({name: value for name, value in attributes.items() if value})
    return estimated


def expected_input(body: bytes) -> int:
    """About how many tokens a request has."""
    return max(1, len(body) // _BYTES_PER_TOKEN)


def _charge(call: Call, plan: Plan, passage: Passage) -> bool:
    reading = passage.reading
    answered = 0 < passage.status < 400
    if not call.metered or not (answered or passage.was_left):
        return False
    if reading.usage is not None and (reading.is_final or passage.is_complete):
        call.usage = reading.usage
        return False
    if call.operation not in _TEXTUAL:
        return False
    known = reading.usage or Usage(input_tokens=expected_input(plan.asked.body))
    call.usage = known._replace(output_tokens=max(known.output_tokens, reading.generated))
    return True
