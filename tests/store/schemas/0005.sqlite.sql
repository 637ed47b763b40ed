CREATE TABLE alert_mails ( seq INTEGER NOT NULL, "key" VARCHAR(64) NOT NULL, recipient VARCHAR(320) NOT NULL, subject VARCHAR(200) NOT NULL, content TEXT NOT NULL, status VARCHAR(16) NOT NULL, attempts INTEGER NOT NULL, next_attempt_at VARCHAR(26), last_error TEXT, created_at VARCHAR(26) NOT NULL, CONSTRAINT pk_alert_mails PRIMARY KEY (seq), CONSTRAINT uq_alert_mails_key UNIQUE ("key") )
CREATE INDEX ix_alert_mails_unsent ON alert_mails (seq) WHERE status = 'queued'
CREATE TABLE alerts ( "key" VARCHAR(32) NOT NULL, kind VARCHAR(32) NOT NULL, subject VARCHAR(200) NOT NULL, details TEXT NOT NULL, opened_at VARCHAR(26) NOT NULL, seen_at VARCHAR(26) NOT NULL, closed_at VARCHAR(26), CONSTRAINT pk_alerts PRIMARY KEY ("key") )
CREATE UNIQUE INDEX ix_alerts_open ON alerts (kind, subject) WHERE closed_at IS NULL
CREATE TABLE appointment_events ( seq INTEGER NOT NULL, appointment_id VARCHAR(64) NOT NULL, number INTEGER NOT NULL, at VARCHAR(26) NOT NULL, what VARCHAR(32) NOT NULL, "by" VARCHAR(200) NOT NULL, message_key VARCHAR(64), old_status VARCHAR(32), new_status VARCHAR(32), detail TEXT DEFAULT '' NOT NULL, CONSTRAINT pk_appointment_events PRIMARY KEY (seq) )
CREATE INDEX ix_appointment_events_appointment_id ON appointment_events (appointment_id, seq)
CREATE TABLE appointments ( id VARCHAR(64) NOT NULL, originator VARCHAR(64) NOT NULL, starts_at VARCHAR(26) NOT NULL, name VARCHAR(200) NOT NULL, service VARCHAR(200) NOT NULL, location VARCHAR(200) NOT NULL, language VARCHAR(16) NOT NULL, asked_at VARCHAR(26), status VARCHAR(32) NOT NULL, updated_at VARCHAR(26) NOT NULL, order_at VARCHAR(26), order_seq BIGINT, by_hand_at VARCHAR(26), version INTEGER DEFAULT 1 NOT NULL, unclear_at VARCHAR(26), last_asked_at VARCHAR(26), asked_from VARCHAR(64) DEFAULT '' NOT NULL, CONSTRAINT pk_appointments PRIMARY KEY (id) )
CREATE INDEX ix_appointments_originator ON appointments (originator, starts_at)
CREATE INDEX ix_appointments_starts_at ON appointments (starts_at, id)
CREATE TABLE awaited ( step_key VARCHAR(64) NOT NULL, originator VARCHAR(64) NOT NULL, content TEXT NOT NULL, deadline_at VARCHAR(26) NOT NULL, CONSTRAINT pk_awaited PRIMARY KEY (step_key) )
CREATE INDEX ix_awaited_deadline_at ON awaited (deadline_at)
CREATE INDEX ix_awaited_originator ON awaited (originator)
CREATE TABLE balances ( gateway VARCHAR(32) NOT NULL, next_at VARCHAR(26) NOT NULL, amount VARCHAR(32), told_at VARCHAR(26), failure TEXT, CONSTRAINT pk_balances PRIMARY KEY (gateway) )
CREATE TABLE consent_events ( seq BIGINT NOT NULL, originator VARCHAR(64), list VARCHAR(64), event VARCHAR(32) NOT NULL, at VARCHAR(26) NOT NULL, recorded_at VARCHAR(26) NOT NULL, channel VARCHAR(32) NOT NULL, gateway VARCHAR(32), destination VARCHAR(64), text TEXT, folded TEXT, word VARCHAR(200), step VARCHAR(32), pack VARCHAR(64), rule VARCHAR(200), rules_hash VARCHAR(64), wording TEXT, message_key VARCHAR(32), confirmation_key VARCHAR(64), operator VARCHAR(200), reason TEXT, erases TEXT, salt VARCHAR(32), commitment VARCHAR(64) NOT NULL, previous_hash VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, CONSTRAINT pk_consent_events PRIMARY KEY (seq) )
CREATE INDEX ix_consent_events_list ON consent_events (list, recorded_at) WHERE list IS NOT NULL
CREATE INDEX ix_consent_events_originator ON consent_events (originator)
CREATE INDEX ix_consent_events_phrased ON consent_events (seq) WHERE channel = 'sms_phrase'
CREATE TABLE contacts ( originator VARCHAR(64) NOT NULL, revision BIGINT NOT NULL, language VARCHAR(16), language_at VARCHAR(26), language_seq BIGINT, fields TEXT DEFAULT '{}' NOT NULL, field_orders TEXT DEFAULT '{}' NOT NULL, opted_out BOOLEAN DEFAULT 0 NOT NULL, consent_at VARCHAR(26), consent_seq BIGINT, by_hand_at VARCHAR(26), rebooked_at VARCHAR(26), confirmed_at VARCHAR(26), muted_until VARCHAR(26), stopped_at VARCHAR(26), stop_order_at VARCHAR(26), stop_order_seq BIGINT, CONSTRAINT pk_contacts PRIMARY KEY (originator) )
CREATE INDEX ix_contacts_opted_out ON contacts (opted_out) WHERE opted_out
CREATE TABLE endpoints ( name VARCHAR(64) NOT NULL, address VARCHAR(32) NOT NULL, failures INTEGER NOT NULL, failing_since VARCHAR(26), open_until VARCHAR(26), disabled_at VARCHAR(26), reason TEXT, CONSTRAINT pk_endpoints PRIMARY KEY (name) )
CREATE TABLE erased ( number_hash VARCHAR(64) NOT NULL, erased_at VARCHAR(26) NOT NULL, CONSTRAINT pk_erased PRIMARY KEY (number_hash) )
CREATE TABLE erasures ( number VARCHAR(64) NOT NULL, operator VARCHAR(200) NOT NULL, began_at VARCHAR(26) NOT NULL, rest TEXT, CONSTRAINT pk_erasures PRIMARY KEY (number) )
CREATE TABLE events ( seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, many INTEGER NOT NULL, type VARCHAR(32) NOT NULL, at VARCHAR(26) NOT NULL, abouts TEXT NOT NULL )
CREATE TABLE handoffs ( message_key VARCHAR(32) NOT NULL, originator VARCHAR(64) NOT NULL, reason TEXT NOT NULL, opened_at VARCHAR(26) NOT NULL, closed_at VARCHAR(26), holds_marketing BOOLEAN DEFAULT 0 NOT NULL, pauses_until VARCHAR(26), closed_by VARCHAR(200), note TEXT, in_hand_by VARCHAR(200), in_hand_since VARCHAR(26), CONSTRAINT pk_handoffs PRIMARY KEY (message_key) )
CREATE INDEX ix_handoffs_holding ON handoffs (originator) WHERE holds_marketing AND closed_at IS NULL
CREATE INDEX ix_handoffs_open ON handoffs (originator) WHERE closed_at IS NULL
CREATE INDEX ix_handoffs_originator ON handoffs (originator)
CREATE TABLE holds ( name VARCHAR(32) NOT NULL, since VARCHAR(26) NOT NULL, reason TEXT NOT NULL, probe_at VARCHAR(26) NOT NULL, CONSTRAINT pk_holds PRIMARY KEY (name) )
CREATE TABLE imports ( seq INTEGER NOT NULL, kind VARCHAR(16) NOT NULL, operator VARCHAR(200) NOT NULL, touched_at VARCHAR(26) NOT NULL, accepted_at VARCHAR(26), done_at VARCHAR(26), place INTEGER DEFAULT 0 NOT NULL, CONSTRAINT pk_imports PRIMARY KEY (seq) )
CREATE TABLE installation ( name VARCHAR(64) NOT NULL, value TEXT NOT NULL, CONSTRAINT pk_installation PRIMARY KEY (name) )
CREATE TABLE mailboxes ( name VARCHAR(100) NOT NULL, place TEXT NOT NULL, state VARCHAR(16) NOT NULL, reason TEXT, seen_at VARCHAR(26) NOT NULL, last_mail_at VARCHAR(26), lag_ms BIGINT, taken BIGINT NOT NULL, malformed BIGINT NOT NULL, left_alone BIGINT NOT NULL, failing_since VARCHAR(26), CONSTRAINT pk_mailboxes PRIMARY KEY (name) )
CREATE TABLE messages ( seq INTEGER NOT NULL, "key" VARCHAR(32) NOT NULL, channel VARCHAR(16) NOT NULL, gateway VARCHAR(32) NOT NULL, originator VARCHAR(64) NOT NULL, destination VARCHAR(64) NOT NULL, text TEXT NOT NULL, date_time VARCHAR(64) NOT NULL, raw BLOB NOT NULL, sent_at VARCHAR(26), received_at VARCHAR(26) NOT NULL, order_at VARCHAR(26) NOT NULL, answer_ms INTEGER, status VARCHAR(16) NOT NULL, attempts INTEGER DEFAULT 0 NOT NULL, lease_owner VARCHAR(64), lease_until VARCHAR(26), handled_at VARCHAR(26), rule VARCHAR(200), rules_hash VARCHAR(64), folded TEXT, language VARCHAR(16), is_superseded BOOLEAN DEFAULT 0 NOT NULL, explanation TEXT, error TEXT, retried_by VARCHAR(200), CONSTRAINT pk_messages PRIMARY KEY (seq), CONSTRAINT uq_messages_key UNIQUE ("key") )
CREATE INDEX ix_messages_failed ON messages (seq) WHERE status = 'failed'
CREATE INDEX ix_messages_malformed ON messages (seq) WHERE status = 'malformed'
CREATE INDEX ix_messages_past_originator ON messages (originator, seq) WHERE status <> 'received'
CREATE INDEX ix_messages_rule ON messages (rule, seq) WHERE rule IS NOT NULL
CREATE INDEX ix_messages_unmatched ON messages (received_at) WHERE status = 'handled' AND (rule IS NULL OR rule = 'fallback')
CREATE INDEX ix_messages_waiting ON messages (seq) WHERE status = 'received' AND seq > 0
CREATE INDEX ix_messages_waiting_originator ON messages (originator, seq) WHERE status = 'received' AND originator > ''
CREATE TABLE questions ( "key" VARCHAR(64) NOT NULL, kind VARCHAR(16) NOT NULL, originator VARCHAR(64) NOT NULL, destination VARCHAR(64) NOT NULL, intention VARCHAR(64) NOT NULL, choices TEXT NOT NULL, asked_at VARCHAR(26) NOT NULL, expires_at VARCHAR(26) NOT NULL, status VARCHAR(16) NOT NULL, closed_at VARCHAR(26), closed_by VARCHAR(32), CONSTRAINT pk_questions PRIMARY KEY ("key") )
CREATE INDEX ix_questions_originator ON questions (originator, asked_at)
CREATE TABLE reminders ( "key" VARCHAR(32) NOT NULL, appointment_id VARCHAR(64) NOT NULL, originator VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, due_at VARCHAR(26) NOT NULL, next_at VARCHAR(26) NOT NULL, status VARCHAR(16) NOT NULL, done_at VARCHAR(26), reason TEXT, only VARCHAR(32), CONSTRAINT pk_reminders PRIMARY KEY ("key") )
CREATE INDEX ix_reminders_appointment_id ON reminders (appointment_id)
CREATE INDEX ix_reminders_due ON reminders (next_at, "key") WHERE status = 'planned' AND key > ''
CREATE INDEX ix_reminders_originator ON reminders (originator)
CREATE TABLE repeats ( name VARCHAR(64) NOT NULL, digest VARCHAR(64) NOT NULL, begun_at VARCHAR(26) NOT NULL, is_done BOOLEAN NOT NULL, subject VARCHAR(200) NOT NULL, CONSTRAINT pk_repeats PRIMARY KEY (name) )
CREATE INDEX ix_repeats_begun_at ON repeats (begun_at)
CREATE TABLE reports ( seq INTEGER NOT NULL, "key" VARCHAR(32) NOT NULL, step_key VARCHAR(64), ids TEXT NOT NULL, reported VARCHAR(16) NOT NULL, word VARCHAR(64) NOT NULL, reason TEXT, part INTEGER, parts INTEGER, happened_at VARCHAR(26), received_at VARCHAR(26) NOT NULL, CONSTRAINT pk_reports PRIMARY KEY (seq), CONSTRAINT uq_reports_key UNIQUE ("key") )
CREATE INDEX ix_reports_step_key ON reports (step_key)
CREATE INDEX ix_reports_stray ON reports (received_at) WHERE step_key IS NULL
CREATE TABLE rule_changes ( seq INTEGER NOT NULL, hash VARCHAR(64) NOT NULL, since VARCHAR(26) NOT NULL, "by" VARCHAR(200), why TEXT, CONSTRAINT pk_rule_changes PRIMARY KEY (seq) )
CREATE TABLE rule_drafts ( operator VARCHAR(200) NOT NULL, text TEXT NOT NULL, based_on VARCHAR(64) NOT NULL, changed_at VARCHAR(26) NOT NULL, saving VARCHAR(64), why TEXT, CONSTRAINT pk_rule_drafts PRIMARY KEY (operator) )
CREATE TABLE rule_pauses ( rule VARCHAR(200) NOT NULL, since VARCHAR(26) NOT NULL, until VARCHAR(26) NOT NULL, "by" VARCHAR(200) NOT NULL, why TEXT NOT NULL, CONSTRAINT pk_rule_pauses PRIMARY KEY (rule) )
CREATE TABLE rule_versions ( hash VARCHAR(64) NOT NULL, sources TEXT NOT NULL, first_in_force_at VARCHAR(26) NOT NULL, in_force_at VARCHAR(26) NOT NULL, "by" VARCHAR(200), why TEXT, CONSTRAINT pk_rule_versions PRIMARY KEY (hash) )
CREATE TABLE spend ( day VARCHAR(10) NOT NULL, texts INTEGER NOT NULL, CONSTRAINT pk_spend PRIMARY KEY (day) )
CREATE TABLE staged_appointments ( import_seq BIGINT NOT NULL, place INTEGER NOT NULL, id VARCHAR(64) NOT NULL, originator VARCHAR(64) NOT NULL, starts_at VARCHAR(26) NOT NULL, name VARCHAR(200) NOT NULL, service VARCHAR(200) NOT NULL, location VARCHAR(200) NOT NULL, language VARCHAR(16) NOT NULL, asked_at VARCHAR(26), status VARCHAR(32), updated_at VARCHAR(26), outcome VARCHAR(16), CONSTRAINT pk_staged_appointments PRIMARY KEY (import_seq, place) )
CREATE INDEX ix_staged_appointments_originator ON staged_appointments (originator)
CREATE TABLE staged_subscribers ( import_seq BIGINT NOT NULL, place INTEGER NOT NULL, originator VARCHAR(64) NOT NULL, list VARCHAR(64) NOT NULL, status VARCHAR(16) NOT NULL, since VARCHAR(26), language VARCHAR(16), evidence TEXT NOT NULL, outcome VARCHAR(16), CONSTRAINT pk_staged_subscribers PRIMARY KEY (import_seq, place) )
CREATE INDEX ix_staged_subscribers_originator ON staged_subscribers (originator)
CREATE TABLE steps ( seq INTEGER NOT NULL, "key" VARCHAR(64) NOT NULL, message_key VARCHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL, originator VARCHAR(64) NOT NULL, recipient VARCHAR(64) NOT NULL, sender VARCHAR(64) NOT NULL, content TEXT NOT NULL, purpose VARCHAR(16) NOT NULL, segments INTEGER NOT NULL, expires_at VARCHAR(26), arrived_at VARCHAR(26), keeps_quiet BOOLEAN DEFAULT 0 NOT NULL, status VARCHAR(16) NOT NULL, attempts INTEGER NOT NULL, next_attempt_at VARCHAR(26), lease_owner VARCHAR(64), lease_until VARCHAR(26), last_error TEXT, gateway_id VARCHAR(200), submitted_at VARCHAR(26), api VARCHAR(16), billed_segments INTEGER, delivered_at VARCHAR(26), delivery_ms BIGINT, created_at VARCHAR(26) NOT NULL, updated_at VARCHAR(26) NOT NULL, operator VARCHAR(200), retried_by VARCHAR(200), CONSTRAINT pk_steps PRIMARY KEY (seq), CONSTRAINT uq_steps_key UNIQUE ("key") )
CREATE INDEX ix_steps_called_about ON steps (originator) WHERE kind = 'webhook'
CREATE INDEX ix_steps_calls ON steps (recipient, next_attempt_at) WHERE kind = 'webhook' AND status IN ('queued', 'sending') AND recipient > ''
CREATE INDEX ix_steps_gateway_id ON steps (gateway_id) WHERE gateway_id IS NOT NULL
CREATE INDEX ix_steps_given_up ON steps (updated_at) WHERE status = 'dead'
CREATE INDEX ix_steps_leased ON steps (lease_until) WHERE status = 'sending'
CREATE INDEX ix_steps_message_key ON steps (message_key)
CREATE INDEX ix_steps_ordinary ON steps (next_attempt_at, seq) WHERE kind = 'reply' AND purpose <> 'reminder' AND status = 'queued' AND originator > ''
CREATE INDEX ix_steps_quiet ON steps (next_attempt_at) WHERE kind = 'reply' AND status = 'queued' AND keeps_quiet
CREATE INDEX ix_steps_reminding ON steps (next_attempt_at, seq) WHERE kind = 'reply' AND purpose = 'reminder' AND status IN ('queued', 'sending')
CREATE INDEX ix_steps_sent ON steps (originator, created_at) WHERE kind = 'reply'
CREATE INDEX ix_steps_submitted ON steps (submitted_at, api, status, delivery_ms, segments, billed_segments) WHERE submitted_at IS NOT NULL
CREATE INDEX ix_steps_troubled ON steps (seq) WHERE status IN ('dead', 'failed', 'uncertain')
CREATE INDEX ix_steps_undone ON steps (kind, next_attempt_at, seq) WHERE status IN ('queued', 'sending') AND seq > 0
CREATE INDEX ix_steps_urgent ON steps (next_attempt_at, seq) WHERE kind = 'reply' AND purpose = 'confirmation' AND status IN ('queued', 'sending')
CREATE TABLE subscriptions ( originator VARCHAR(64) NOT NULL, list VARCHAR(64) NOT NULL, status VARCHAR(16) NOT NULL, since VARCHAR(26) NOT NULL, order_at VARCHAR(26), order_seq BIGINT, by_hand_at VARCHAR(26), taken_by_stop BOOLEAN NOT NULL, ends_at VARCHAR(26), CONSTRAINT pk_subscriptions PRIMARY KEY (originator, list) )
CREATE INDEX ix_subscriptions_ending ON subscriptions (ends_at) WHERE ends_at IS NOT NULL AND status <> 'unsubscribed'
CREATE INDEX ix_subscriptions_list ON subscriptions (list, status)
CREATE TABLE uses ( originator VARCHAR(64) NOT NULL, "of" VARCHAR(128) NOT NULL, used_at VARCHAR(26) NOT NULL, step_key VARCHAR(64), CONSTRAINT pk_uses PRIMARY KEY (originator, "of") )
CREATE TABLE workers ( name VARCHAR(100) NOT NULL, seen_at VARCHAR(26) NOT NULL, has_redis BOOLEAN NOT NULL, rules_hash VARCHAR(64) NOT NULL, rules_are_ok BOOLEAN DEFAULT 1 NOT NULL, version VARCHAR(100), CONSTRAINT pk_workers PRIMARY KEY (name) )
