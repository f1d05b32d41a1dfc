-- Replaces what some counters of one budget have used by what the spans say, as one piece for each counter.
--
-- ARGV[1]: `b` the budget, `way` (recount, rebuild or follow), `cut` and `since`, `before` (what was settled earlier
-- goes with the cut), `lives` of the budget and of its counters in seconds, `last` (the cut moves with the last piece),
-- and `counters`: `w` whose, and by part: base, recent, and of a rebuild what the gateway's calls used since the cut.
--
-- `d:BUDGET:WHO` holds by part b (base) and n (recent), and by part:minute s (settled) and l (when last). What is used
-- in a part is their sum. `n:BUDGET` are those that have something in n.

local root, asked = KEYS[1], cjson.decode(ARGV[1])
local call = redis.call
local clock = call('TIME')
local at = string.format('%.3f', clock[1] + clock[2] / 1000000)

local function key(kind, ...)
    return root .. ':' .. kind .. ':' .. table.concat({...}, ':')
end

local counted = call('GET', key('b', asked.b))
if asked.way ~= 'rebuild' and not counted then
    return 'lost'
elseif asked.way == 'follow' and tonumber(counted) ~= asked.cut then
    return 'stale'
end

-- Field by field what of the old detail stays beside what was counted.
local function kept(old, given)
    local detail = {}
    for part, counts in pairs(given) do
        detail['n' .. part] = counts[2]
        if asked.way ~= 'follow' then
            detail['b' .. part] = counts[1]
        end
        if counts[3] ~= '0' then
            detail['s' .. part .. ':' .. asked.cut], detail['l' .. part .. ':' .. asked.cut] = counts[3], at
        end
    end
    for field, value in pairs(old) do
        local kind, part, minute = field:match('^(%a)(%d+):?(%d*)$')
        local stays = tonumber(part) >= asked.since
        if kind == 'b' then
            stays = stays and asked.way == 'follow'
        elseif kind == 'n' then
            stays = false
        elseif asked.way == 'rebuild' then
            stays = false
        elseif asked.way == 'recount' then
            local last = tonumber(old['l' .. part .. ':' .. minute])
            stays = stays and (tonumber(minute) >= asked.cut or last >= asked.before)
        end
        if stays then
            detail[field] = value
        end
    end
    return detail
end

local function table_of(name)
    local found, rows = {}, call('HGETALL', name)
    for place = 1, #rows, 2 do
        found[rows[place]] = rows[place + 1]
    end
    return found
end

for _, counter in ipairs(asked.counters) do
    local total, detail = key('t', asked.b, counter.w), key('d', asked.b, counter.w)
    local fresh = kept(table_of(detail), counter.parts)
    for field in pairs(table_of(total)) do
        if tonumber(field) then
            call('HDEL', total, field)
        end
    end
    call('DEL', detail)
    call('SREM', key('n', asked.b), counter.w)
    for field, value in pairs(fresh) do
        local kind, part = field:match('^(%a)(%d+)')
        if value ~= '0' then
            call('HSET', detail, field, value)
            if kind ~= 'l' then
                call('HINCRBY', total, part, value)
            end
            if kind == 'n' then
                call('SADD', key('n', asked.b), counter.w)
            end
        end
    end
    if call('EXISTS', total) == 1 then
        call('EXPIRE', total, asked.lives[2])
        call('EXPIRE', detail, asked.lives[2])
        call('ZADD', key('w', asked.b), 'NX', 0, counter.w)
    else
        call('ZREM', key('w', asked.b), counter.w)
    end
end

if asked.last and asked.way ~= 'follow' then
    call('SET', key('b', asked.b), asked.cut, 'EX', asked.lives[1])
    call('ZREMRANGEBYSCORE', key('m', asked.b), '-inf', '(' .. (asked.before - 3600))
end
for _, kind in ipairs({'w', 'n', 'm'}) do
    call('EXPIRE', key(kind, asked.b), asked.lives[2])
end
return 'done'
