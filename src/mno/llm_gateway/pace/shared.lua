-- A key's pace, the same for all processes: limits.py of this folder says the same of one process.
--
-- ROOT KEY is a hash of what is left of a minute's calls and tokens and since when; ROOT KEY:running orders the calls
-- under way by when their leases end, so that what a killed process held comes back.

local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
-- a debt of an hour's tokens is remembered for as long as it takes to pay it off
local KEPT_S = 7200
-- longer than any lease
local LONGEST_S = 86400

local function left(key, name, per_minute)
    local known = redis.call('HMGET', key, name, name .. '_at')
    if not known[1] then
        return per_minute
    end
    return math.min(per_minute, known[1] + (now - known[2]) * per_minute / 60)
end

local function keep(key, name, amount)
    redis.call('HSET', key, name, string.format('%.6f', amount), name .. '_at', string.format('%.6f', now))
    redis.call('EXPIRE', key, KEPT_S)
end

local function decided(asked)
    local key = KEYS[1] .. asked.key
    local running = key .. ':running'
    if asked.ended then
        redis.call('ZREM', running, asked.id)
        if asked.tokens > 0 and asked.back ~= 0 then
            keep(key, 'tokens', left(key, 'tokens', asked.tokens) + asked.back)
        end
        return {}
    end

    redis.call('ZREMRANGEBYSCORE', running, '-inf', now)
    local count = redis.call('ZCARD', running)
    if asked.running > 0 and count >= asked.running then
        return {hit = 'running', running = count}
    end
    for _, one in ipairs({{'calls', asked.calls, 1}, {'tokens', asked.tokens, asked.wanted}}) do
        local name, per_minute, wanted = one[1], one[2], one[3]
        if per_minute > 0 then
            local missing = math.min(wanted, per_minute) - left(key, name, per_minute)
            if missing > 0 then
                return {hit = name, wait_s = missing * 60 / per_minute}
            end
        end
    end
    if asked.calls > 0 then
        keep(key, 'calls', left(key, 'calls', asked.calls) - 1)
    end
    if asked.tokens > 0 then
        keep(key, 'tokens', left(key, 'tokens', asked.tokens) - asked.wanted)
    end
    if asked.running > 0 then
        redis.call('ZADD', running, now + asked.lease_s, asked.id)
        redis.call('EXPIRE', running, LONGEST_S)
    end
    return {}
end

local answers = {}
for n, asked in ipairs(cjson.decode(ARGV[1])) do
    answers[n] = decided(asked)
end
return cjson.encode(answers)
