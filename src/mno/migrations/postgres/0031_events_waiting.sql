-- What waits for somebody is counted at each look at the Chat Hub, and is little among many events.
CREATE INDEX events_events_waiting ON events_events (team_id)
    WHERE kind = 'recovery.start' AND outcome IS DISTINCT FROM 'recovered'
        OR kind IN ('approval.request', 'anomaly.detected') AND outcome IS NULL;

-- Rows come and go here by the thousand a second: what is dead is cleared away, and counted anew, after so many and not
-- after a share of the table.
ALTER TABLE facts_deliveries SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000
);
