"""Records a message; SLACK_DOWN=1 fails when the workflow set `errors: true`, as the real action does."""

from standin import down, fail, is_true, record

record("slackapi/slack-github-action")
if down("SLACK") and is_true("errors"):
    fail("Slack: An API error occurred")
