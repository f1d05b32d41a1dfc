-- One turn at the counters: everything that the callers of one process ask at one moment, as one piece.
-- What ends gives back first (settled, released, or by its lease), then what is asked for is granted in its order as
-- far as it fits: `budgets_turn` of migrations/postgres/0016_budgets.sql says the same in SQL.
--
-- Keys begin with KEYS[1]. `b:BUDGET` stands while a budget is counted here and says until when from the rollups.
-- `t:BUDGET:WHO` holds what is used by part, and what is held as h + head. `d:BUDGET:WHO` holds of what that is made,
-- see recount.lua. `w:BUDGET` orders whose counters there are, `m:BUDGET` says when calls of a minute were last
-- settled. `r:ID` is a call under way or one whose lease ran out, `leases` orders them by their ends.
--
-- Moments are seconds since 1970. Amounts are text, and changed by HINCRBY only: a number of Lua is exact up to 2^53.

local root, asked = KEYS[1], cjson.decode(ARGV[1])
local call = redis.call
local clock = call('TIME')
local at = clock[1] + clock[2] / 1000000
local BILLION = 1000000000
-- for how long a call that was not ended in time can still be settled
local LATE_S = 86400

local function key(kind, ...)
    return root .. ':' .. kind .. ':' .. table.concat({...}, ':')
end

-- Amounts to compare: billions and the rest apart.
local function add(sum, text)
    local sign = 1
    if text:sub(1, 1) == '-' then
        sign, text = -1, text:sub(2)
    end
    sum[1] = sum[1] + sign * (tonumber(text:sub(1, -10)) or 0)
    sum[2] = sum[2] + sign * tonumber(text:sub(-9))
end

local function shown(sum)
    return {string.format('%.0f', sum[1]), string.format('%.0f', sum[2])}
end

-- the keys that live on for a while
local alive = {}

-- A budget that was never counted here, or is lost, has to be counted first.
local lost = {}
for _, counter in ipairs(asked.counters) do
    if call('EXISTS', key('b', counter.b)) == 0 then
        lost[#lost + 1] = counter.b
    end
end
if #lost > 0 then
    return cjson.encode({lost = lost})
end

local function give_back(hold)
    local counter, held = key('t', hold.b, hold.w), 'h' .. hold.h
    if hold.a ~= '0' and call('HEXISTS', counter, held) == 1 and call('HINCRBY', counter, held, '-' .. hold.a) == 0 then
        call('HDEL', counter, held)
    end
end

local function used(hold, told)
    if hold.u ~= 'money' then
        return told[hold.u]
    elseif told.cost then
        return told.cost
    elseif not hold.f then
        return '0'
    end
    -- exact for every call below nine million dollars
    local tokens, price = tonumber(told.tokens), hold.f
    local whole = math.floor(price / 1000000)
    return string.format('%.0f', tokens * whole + math.ceil(tokens * (price - whole * 1000000) / 1000000))
end

local function settle(hold, told, minute)
    local amount = used(hold, told)
    if amount == '0' then
        return
    end
    local counter, detail, minutes = key('t', hold.b, hold.w), key('d', hold.b, hold.w), key('m', hold.b)
    local place = hold.p .. ':' .. minute
    call('HINCRBY', counter, hold.p, amount)
    call('HINCRBY', detail, 's' .. place, amount)
    call('HSET', detail, 'l' .. place, string.format('%.3f', at))
    call('ZADD', minutes, string.format('%.3f', at), minute)
    for _, name in ipairs({counter, detail, minutes}) do
        alive[name] = true
    end
end

local ended = {}
local function finish(id, told, kind)
    local text = call('GET', key('r', id))
    call('ZREM', root .. ':leases', id)
    if not text then
        return
    end
    local reservation = cjson.decode(text)
    local open = not reservation.late
    if open or kind == 'settlement' then
        for _, hold in ipairs(reservation.holds) do
            if open then
                give_back(hold)
            end
            if kind == 'settlement' then
                settle(hold, told, reservation.minute)
            end
        end
        ended[#ended + 1] = {id = id, kind = kind, open = open, note = reservation.note}
    end
    if kind == 'expiry' then
        reservation.late = true
        call('SET', key('r', id), cjson.encode(reservation), 'EX', LATE_S)
    elseif open or kind == 'settlement' then
        call('DEL', key('r', id))
    end
end

for id, told in pairs(asked.ends) do
    finish(id, told, told.settled and 'settlement' or 'release')
end
for _, id in ipairs(call('ZRANGEBYSCORE', root .. ':leases', '-inf', string.format('%.3f', at), 'LIMIT', 0, 500)) do
    finish(id, nil, 'expiry')
end

local spent, held = {}, {}
for k, counter in ipairs(asked.counters) do
    spent[k], held[k] = {0, 0}, {0, 0}
    local found = call('HGETALL', key('t', counter.b, counter.w))
    for place = 1, #found, 2 do
        local part = tonumber(found[place])
        if found[place] == 'h' .. counter.h then
            add(held[k], found[place + 1])
        elseif part and part >= counter.f and part <= counter.p then
            add(spent[k], found[place + 1])
        end
    end
end

local function fits(k, amount)
    local counter, sum = asked.counters[k], {0, 0}
    -- what costs nothing always fits
    if not counter.hard or amount == '0' then
        return true
    end
    add(sum, counter.l)
    local room = {sum[1] - spent[k][1] - held[k][1], sum[2] - spent[k][2] - held[k][2]}
    sum = {0, 0}
    add(sum, amount)
    return (room[1] - sum[1]) * BILLION + (room[2] - sum[2]) >= 0
end

local function without_room(wish)
    for place, k in ipairs(wish.k) do
        if not fits(k, wish.holds[place].a) then
            return k
        end
    end
end

local refused, changed = {}, {}
for _, wish in ipairs(asked.reserves) do
    -- a turn whose answer was lost comes twice
    if call('EXISTS', key('r', wish.id)) == 0 then
        local full = without_room(wish)
        if full then
            refused[#refused + 1] = {id = wish.id, counter = full, spent = shown(spent[full]), reserved = shown(held[full])}
        else
            for place, k in ipairs(wish.k) do
                local hold = wish.holds[place]
                if hold.a ~= '0' then
                    add(held[k], hold.a)
                    call('HINCRBY', key('t', hold.b, hold.w), 'h' .. hold.h, hold.a)
                end
                changed[k] = true
            end
            local reservation = {holds = wish.holds, minute = wish.minute, note = wish.note}
            call('SET', key('r', wish.id), cjson.encode(reservation))
            call('ZADD', root .. ':leases', string.format('%.3f', at + wish.lease), wish.id)
        end
    end
end

for k in pairs(changed) do
    local counter = asked.counters[k]
    local fullness = (spent[k][1] + held[k][1]) * BILLION + spent[k][2] + held[k][2]
    call('ZADD', key('w', counter.b), string.format('%.0f', fullness), counter.w)
    alive[key('w', counter.b)], alive[key('t', counter.b, counter.w)] = true, true
end
for name in pairs(alive) do
    call('EXPIRE', name, asked.life)
end

local standing = {}
for k, sum in ipairs(spent) do
    standing[k] = shown(sum)
end
return cjson.encode({refused = refused, spent = standing, ended = ended})
