-- Prices were there before the fence between teams (0002).

CALL mno_fence('prices_custom');
CALL mno_fence('prices_imports');
CALL mno_fence('prices_currencies');
CALL mno_fence('prices_currency_rates');
CALL mno_fence('prices_rerates');
