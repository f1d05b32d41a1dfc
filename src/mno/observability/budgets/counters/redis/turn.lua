-- One turn at the counters: everything that the callers of one process ask at one moment, as one piece.
-- What ends gives back first (settled, released, or by its lease), then what is asked for is granted in its order as
-- far as it fits: `budgets_turn` of migrations/postgres/0033_budget_allowances.sql says the same in SQL.
--
-- Keys begin with KEYS[1]. `b:BUDGET` stands while a budget is counted here and says until when from the rollups.
-- `t:BUDGET:WHO` holds what is used by part, and what is held as h + head. `d:BUDGET:WHO` holds of what that is made,
-- see recount.lua. `w:BUDGET` orders whose counters there are, `m:BUDGET` says when calls of a minute were last
-- settled. `r:ID` is a call under way or one whose lease ran out, `leases` orders them by their ends.
--
-- Moments are seconds since 1970. Amounts are text, changed by HINCRBY and added as billions and the rest, because a
-- number of Lua is exact up to 2^53 only.

local root, asked = KEYS[1], cjson.decode(ARGV[1])
local call, format = redis.call, string.format
local clock = call('TIME')
local at = clock[1] + clock[2] / 1000000
local now = format('%.3f', at)
local leases = root .. ':leases'
local BILLION = 1000000000
-- for how long a call that was not ended in time can still be settled
local LATE_S = 86400

-- — amounts —

local function add(sum, text)
    local sign = 1
    if text:sub(1, 1) == '-' then
        sign, text = -1, text:sub(2)
    end
    sum[1] = sum[1] + sign * (tonumber(text:sub(1, -10)) or 0)
    sum[2] = sum[2] + sign * tonumber(text:sub(-9))
end

-- Of a sum that is not negative.
local function text_of(sum)
    local carry = math.floor(sum[2] / BILLION)
    local high, low = sum[1] + carry, sum[2] - carry * BILLION
    return high == 0 and format('%.0f', low) or format('%.0f%09.0f', high, low)
end

local function shown(sum)
    return {format('%.0f', sum[1]), format('%.0f', sum[2])}
end

-- Sums by key and field, so that a counter which many calls share is changed once.
local function gather(sums, key, field, text)
    sums[key] = sums[key] or {}
    sums[key][field] = sums[key][field] or {0, 0}
    add(sums[key][field], text)
end

local function counter_of(hold)
    return root .. ':t:' .. hold.b .. ':' .. hold.w
end

-- — a budget that was never counted here, or is lost, has to be counted first —

local lost, looked = {}, {}
for _, counter in ipairs(asked.counters) do
    if not looked[counter.b] and call('EXISTS', root .. ':b:' .. counter.b) == 0 then
        lost[#lost + 1] = counter.b
    end
    looked[counter.b] = true
end
if #lost > 0 then
    return cjson.encode({lost = lost})
end

-- — what ends —

local given_back, used, dated, alive, ended = {}, {}, {}, {}, {}

local function amount_of(hold, told)
    if hold.u ~= 'money' then
        return told[hold.u]
    elseif told.cost then
        return told.cost
    elseif not hold.f then
        return '0'
    end
    -- exact for every call below nine million dollars
    local tokens, whole = tonumber(told.tokens), math.floor(hold.f / 1000000)
    return format('%.0f', tokens * whole + math.ceil(tokens * (hold.f - whole * 1000000) / 1000000))
end

local function settle(hold, told, minute)
    local amount = amount_of(hold, told)
    if amount == '0' then
        return
    end
    local detail, minutes = root .. ':d:' .. hold.b .. ':' .. hold.w, root .. ':m:' .. hold.b
    local whos = root .. ':w:' .. hold.b
    local place = format('%.0f:%.0f', hold.p, minute)
    gather(used, counter_of(hold), hold.p, amount)
    gather(used, detail, 's' .. place, amount)
    if not dated[detail .. place] then
        call('HSET', detail, 'l' .. place, now)
        call('ZADD', minutes, now, minute)
        -- a recount forgets who had nothing
        call('ZADD', whos, 'NX', 0, hold.w)
        dated[detail .. place] = true
        alive[detail], alive[minutes], alive[whos], alive[counter_of(hold)] = true, true, true, true
    end
end

local function finish(id, text, told, kind)
    if not text then
        return
    end
    local key, reservation = root .. ':r:' .. id, cjson.decode(text)
    local open = not reservation.late
    if not open and kind ~= 'settlement' then
        return
    end
    for _, hold in ipairs(reservation.holds) do
        if open and hold.a ~= '0' then
            gather(given_back, counter_of(hold), 'h' .. hold.h, hold.a)
        end
        if kind == 'settlement' then
            settle(hold, told, reservation.minute)
        end
    end
    ended[#ended + 1] = {id = id, kind = kind, open = open, note = reservation.note}
    if kind == 'expiry' then
        reservation.late = true
        call('SET', key, cjson.encode(reservation), 'EX', LATE_S)
    else
        call('DEL', key)
    end
end

local function finish_all(ids, kind_of)
    if #ids == 0 then
        return
    end
    local keys = {}
    for place, id in ipairs(ids) do
        keys[place] = root .. ':r:' .. id
    end
    for place, text in ipairs(call('MGET', unpack(keys))) do
        finish(ids[place], text, asked.ends[ids[place]], kind_of(ids[place]))
    end
    call('ZREM', leases, unpack(ids))
end

local ending = {}
for id in pairs(asked.ends) do
    ending[#ending + 1] = id
end
finish_all(ending, function(id)
    return asked.ends[id].settled and 'settlement' or 'release'
end)
finish_all(call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 500), function()
    return 'expiry'
end)

for key, fields in pairs(given_back) do
    for field, sum in pairs(fields) do
        if call('HEXISTS', key, field) == 1 and call('HINCRBY', key, field, '-' .. text_of(sum)) == 0 then
            call('HDEL', key, field)
        end
    end
end
for key, fields in pairs(used) do
    for field, sum in pairs(fields) do
        call('HINCRBY', key, field, text_of(sum))
    end
end

-- — what is asked for —

local spent, held = {}, {}
for k, counter in ipairs(asked.counters) do
    spent[k], held[k] = {0, 0}, {0, 0}
    local found, holding = call('HGETALL', counter_of(counter)), 'h' .. counter.h
    for place = 1, #found, 2 do
        local part = tonumber(found[place])
        if found[place] == holding then
            add(held[k], found[place + 1])
        elseif part and part >= counter.f and part <= counter.p then
            add(spent[k], found[place + 1])
        end
    end
end

local function fits(k, amount)
    -- what costs nothing always fits
    if not asked.counters[k].hard or amount == '0' then
        return true
    end
    local room = {0, 0}
    add(room, asked.counters[k].l)
    add(room, '-' .. amount)
    return (room[1] - spent[k][1] - held[k][1]) * BILLION + room[2] - spent[k][2] - held[k][2] >= 0
end

local function without_room(wish)
    for place, k in ipairs(wish.k) do
        if not fits(k, wish.a[place]) then
            return k
        end
    end
end

local refused, taken, touched = {}, {}, {}
for _, wish in ipairs(asked.reserves) do
    -- a turn whose answer was lost comes twice
    if call('EXISTS', root .. ':r:' .. wish.id) == 0 then
        local full = without_room(wish)
        if full then
            refused[#refused + 1] = {id = wish.id, counter = full, spent = shown(spent[full]), reserved = shown(held[full])}
        else
            for place, k in ipairs(wish.k) do
                local counter = asked.counters[k]
                touched[k] = true
                if wish.a[place] ~= '0' then
                    add(held[k], wish.a[place])
                    gather(taken, counter_of(counter), 'h' .. counter.h, wish.a[place])
                end
            end
            call('SET', root .. ':r:' .. wish.id, wish.text)
            call('ZADD', leases, format('%.3f', at + wish.lease), wish.id)
        end
    end
end

for key, fields in pairs(taken) do
    for field, sum in pairs(fields) do
        call('HINCRBY', key, field, text_of(sum))
    end
end
for k in pairs(touched) do
    local counter = asked.counters[k]
    local fullness = (spent[k][1] + held[k][1]) * BILLION + spent[k][2] + held[k][2]
    call('ZADD', root .. ':w:' .. counter.b, format('%.0f', fullness), counter.w)
    alive[root .. ':w:' .. counter.b], alive[counter_of(counter)] = true, true
end
for key in pairs(alive) do
    call('EXPIRE', key, asked.life)
end

local standing = {}
for k, sum in ipairs(spent) do
    standing[k] = shown(sum)
end
return cjson.encode({refused = refused, spent = standing, ended = ended})
