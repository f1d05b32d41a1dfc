-- How much is called of each count, the same for all processes: pace.py says the same of one process.
--
-- ROOT KEY is a hash of what is left of a minute's calls and since when; ROOT KEY:running orders the calls under way by
-- when their leases end, so that what a killed process held comes back.

local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
-- a minute's worth is full again after a minute
local KEPT_S = 120
-- longer than any lease
local LONGEST_S = 86400

local function left(key, per_minute)
    local known = redis.call('HMGET', key, 'calls', 'at')
    if not known[1] then
        return per_minute
    end
    return math.min(per_minute, known[1] + (now - known[2]) * per_minute / 60)
end

local function ended(asked)
    for _, key in ipairs(asked.keys) do
        redis.call('ZREM', KEYS[1] .. key .. ':running', asked.id)
    end
    return {}
end

local function hit(limit)
    local key = KEYS[1] .. limit.key
    if limit.at_once > 0 then
        redis.call('ZREMRANGEBYSCORE', key .. ':running', '-inf', now)
        local running = redis.call('ZCARD', key .. ':running')
        if running >= limit.at_once then
            return {running = running}
        end
    end
    if limit.per_minute > 0 then
        local missing = 1 - left(key, limit.per_minute)
        if missing > 0 then
            return {wait_s = missing * 60 / limit.per_minute}
        end
    end
end

local function counted(limit, asked)
    local key = KEYS[1] .. limit.key
    if limit.per_minute > 0 then
        local amount = left(key, limit.per_minute) - 1
        redis.call('HSET', key, 'calls', string.format('%.6f', amount), 'at', string.format('%.6f', now))
        redis.call('EXPIRE', key, KEPT_S)
    end
    if limit.at_once > 0 then
        redis.call('ZADD', key .. ':running', now + asked.lease_s, asked.id)
        redis.call('EXPIRE', key .. ':running', LONGEST_S)
    end
end

local function decided(asked)
    if asked.ended then
        return ended(asked)
    end
    for n, limit in ipairs(asked.limits) do
        local found = hit(limit)
        if found then
            found.place = n
            return found
        end
    end
    for _, limit in ipairs(asked.limits) do
        counted(limit, asked)
    end
    return {}
end

local answers = {}
for n, asked in ipairs(cjson.decode(ARGV[1])) do
    answers[n] = decided(asked)
end
return cjson.encode(answers)
