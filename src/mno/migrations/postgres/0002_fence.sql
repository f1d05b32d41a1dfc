-- The second fence between teams: row-level security. Stores filter by team; where one forgets to, the engine
-- does. A superuser and a table's owner would pass it, so the program's transactions run as `mno_app`, a role
-- without a login that may read and write rows and nothing else, and name their team in `mno.team`: an id, `*`
-- for the program's own work across teams, or nothing (platform/database.py).

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mno_app') THEN
        CREATE ROLE mno_app NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, 'mno_app', 'MEMBER') THEN
        EXECUTE format('GRANT mno_app TO %I', current_user);
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'This account may not create the role mno_app. Let an administrator run: CREATE ROLE mno_app NOLOGIN; GRANT mno_app TO %', current_user;
END
$$;

GRANT USAGE ON SCHEMA public TO mno_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mno_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mno_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mno_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO mno_app;
-- What has been applied is for administrators.
REVOKE ALL ON migrations FROM mno_app;

CREATE FUNCTION mno_sees(team uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('mno.team', true) IN ('*', team::text);

-- Every table with a team_id is fenced by this, in the migration that makes it; a test walks them all.
CREATE PROCEDURE mno_fence(fenced regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', fenced);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', fenced);
    EXECUTE format('CREATE POLICY team ON %s USING (mno_sees(team_id)) WITH CHECK (mno_sees(team_id))', fenced);
END
$$;

CALL mno_fence('identity_projects');
CALL mno_fence('identity_api_keys');
CALL mno_fence('identity_users');
CALL mno_fence('identity_sessions');
CALL mno_fence('identity_sign_in_links');
