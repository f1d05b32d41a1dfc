-- Who may read and send logs: whoever may do so with traces.

SELECT set_config('mno.team', '*', true);
UPDATE identity_roles SET permissions = permissions || '{logs.read,logs.write}'
WHERE id IN ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000003');
UPDATE identity_roles SET permissions = permissions || '{logs.read}'
WHERE id = '00000000-0000-7000-8000-000000000004';
