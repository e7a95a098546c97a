-- Activation by card: a phone that scanned the card page's QR waits for the computer's confirmation.

ALTER TABLE ecps_activation
  ADD COLUMN via text NOT NULL DEFAULT 'contact' CHECK (via IN ('contact', 'card')),
  -- Serial number of the card's certificate.
  ADD COLUMN card_serial text,
  -- What phone and computer show, for the person to compare.
  ADD COLUMN letters text,
  ADD CHECK ((via = 'card') = (card_serial IS NOT NULL AND letters IS NOT NULL)),
  DROP CONSTRAINT ecps_activation_state_check,
  ADD CONSTRAINT ecps_activation_state_check CHECK (state IN ('mail_sent', 'sms_sent', 'confirm_due', 'pin_due',
    'done', 'spent', 'refused', 'superseded', 'closed', 'expired'));
ALTER TABLE ecps_activation ALTER COLUMN via DROP DEFAULT;

DROP INDEX ecps_activation_open;
CREATE INDEX ecps_activation_open ON ecps_activation (expires_at)
  WHERE state IN ('mail_sent', 'sms_sent', 'confirm_due', 'pin_due');
