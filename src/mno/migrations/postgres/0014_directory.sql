-- A directory gives every role that its groups were granted, and ends anybody's membership: so much speaks for the
-- whole team, and an Admin could come to be an Owner by it, or be rid of one. Keys for directories are an Owner's to
-- make; those that an Admin made go on.
SELECT set_config('mno.team', '*', true);
UPDATE identity_roles
SET permissions = array_remove(permissions, 'directory.write'),
    description = 'Everything but the team itself and its directory.'
WHERE id = '00000000-0000-7000-8000-000000000002';
