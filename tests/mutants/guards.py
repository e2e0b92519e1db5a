"""The list of guards: each file with some, how they say no, and who notices when one is gone."""

from __future__ import annotations

from tests.mutants.cuts import CUTS
from tests.mutants.places import Place, Says

CLI = "tests/orchestrate/cli"
COUNTER = "tests/orchestrate/counter"
GATES = "tests/orchestrate/gates"
ABILITIES = "tests/orchestrate/test_abilities.py"
STORE = "tests/orchestrate/store"
VAULT = "tests/orchestrate/vault"
APPROVALS = (
    "tests/orchestrate/test_approval_cases.py tests/orchestrate/test_approvals.py"
    " tests/orchestrate/test_standing.py tests/orchestrate/test_answers.py"
)
WORKSPACES = (
    "tests/tools/test_marker.py tests/tools/test_grounds.py tests/tools/test_workspace.py"
    " tests/faults/test_workspace_attacks.py"
)

PLACES = (
    # the door
    Place("tools/guards.py", Says.RAISE, "tests/tools/test_guards.py tests/stories/test_signatures.py"),
    Place("tools/executor.py", Says.RAISE, "tests/tools/test_executor.py tests/faults/test_paused_worker.py"),
    Place("orchestrate/mcp_http.py", Says.RAISE, "tests/orchestrate/test_mcp_http.py"),
    Place("tools/voice.py", Says.RAISE, "tests/tools/test_voice.py"),
    Place("tools/systems/git_merges.py", Says.RAISE, "tests/contracts/test_forge.py"),
    Place(
        "tools/systems/github_merging.py",
        Says.RAISE,
        "tests/tools/systems/github/test_merging.py tests/contracts/test_forge.py",
    ),
    Place(
        "tools/systems/git_forge.py",
        Says.RAISE,
        "tests/tools/systems/git/test_merging.py tests/contracts/test_forge.py",
    ),
    Place("tools/memory_forge.py", Says.RAISE, "tests/contracts/test_forge.py"),
    Place("tools/systems/git_resolutions.py", Says.RAISE, "tests/contracts/test_conflicts.py"),
    Place("tools/memory_resolving.py", Says.RAISE, "tests/contracts/test_conflicts.py"),
    Place("orchestrate/resolving.py", Says.WHY, "tests/orchestrate/test_resolving.py"),
    Place("agents/announcer.py", Says.WHY, "tests/agents/test_announcer.py"),
    Place("tools/providers/fleet/fleet.py", Says.RAISE, "tests/tools/providers/process"),
    Place("tools/providers/cloud.py", Says.RAISE, "tests/tools/providers/kubernetes/test_words.py"),
    Place(
        "tools/providers/kubernetes/handover.py",
        Says.RAISE,
        "tests/tools/providers/kubernetes/test_handover_words.py",
    ),
    Place(
        "tools/providers/awslambda/provider.py",
        Says.RAISE,
        "tests/tools/providers/awslambda tests/contracts/test_provider.py",
    ),
    Place("tools/providers/custom/provider.py", Says.RAISE, "tests/tools/providers/custom"),
    Place("tools/providers/cloudrun/provider.py", Says.RAISE, "tests/tools/providers/cloudrun"),
    Place("tools/providers/digitalocean/spec.py", Says.RAISE, "tests/tools/providers/digitalocean"),
    Place("tools/providers/published.py", Says.RAISE, "tests/tools/providers/test_published.py"),
    Place(
        "tools/providers/publisher.py",
        Says.RAISE,
        "tests/tools/providers/test_published.py tests/tools/providers/vercel tests/tools/providers/netlify",
    ),
    Place("tools/providers/cloudfront/provider.py", Says.RAISE, "tests/tools/providers/cloudfront"),
    Place("tools/providers/railway/provider.py", Says.RAISE, "tests/tools/providers/railway"),
    Place("tools/providers/containerapps/provider.py", Says.RAISE, "tests/tools/providers/containerapps"),
    Place("tools/providers/fleet/layout.py", Says.RAISE, "tests/tools/providers/process"),
    # gates, plan, approval
    Place("orchestrate/gates/artifact.py", Says.FINDING, GATES),
    Place("orchestrate/gates/change.py", Says.FINDING, GATES),
    Place("orchestrate/gates/place.py", Says.FINDING, f"{GATES} {ABILITIES}"),
    Place("orchestrate/gates/rules.py", Says.FINDING, GATES),
    Place("orchestrate/policy.py", Says.VIOLATION, f"tests/orchestrate/test_policy.py {ABILITIES}"),
    Place("orchestrate/approvals.py", Says.WHY, APPROVALS),
    Place("orchestrate/approvals.py", Says.RAISE, APPROVALS),
    # the store
    Place("orchestrate/store/questions.py", Says.RAISE, f"{STORE}/test_questions.py"),
    Place("orchestrate/store/plans.py", Says.RAISE, f"{STORE}/test_deployments.py"),
    Place("orchestrate/store/effects.py", Says.RAISE, f"{STORE}/test_effects.py"),
    Place("orchestrate/store/leases.py", Says.RAISE, f"{STORE}/test_leases.py"),
    Place(
        "orchestrate/store/driving.py",
        Says.RAISE,
        f"{STORE}/test_leases.py {STORE}/test_effects.py {STORE}/test_outbox.py",
    ),
    Place("orchestrate/store/outbox.py", Says.RAISE, f"{STORE}/test_outbox.py"),
    Place(
        "orchestrate/store/deployments.py", Says.RAISE, f"{STORE}/test_deployments.py {STORE}/test_leases.py"
    ),
    Place(
        "orchestrate/store/finishing.py", Says.RAISE, f"{STORE}/test_deployments.py {STORE}/test_leases.py"
    ),
    Place("orchestrate/store/claims.py", Says.RAISE, f"{STORE}/test_deployments.py {STORE}/test_races.py"),
    Place("orchestrate/store/locks.py", Says.RAISE, f"{STORE}/test_locks.py"),
    Place("orchestrate/store/freezes.py", Says.RAISE, f"{STORE}/test_records.py"),
    Place("orchestrate/store/model_calls.py", Says.RAISE, f"{STORE}/test_model_calls.py"),
    Place("orchestrate/store/tasks.py", Says.RAISE, "tests/contracts/test_tracker.py"),
    Place("tools/tasks.py", Says.RAISE, "tests/contracts/test_tracker.py"),
    # the audit and the switch
    Place("orchestrate/store/audit.py", Says.RAISE, f"{STORE}/test_audit.py"),
    Place("orchestrate/store/chain.py", Says.RAISE, f"{STORE}/test_audit.py"),
    Place("orchestrate/store/anchor.py", Says.RAISE, f"{STORE}/test_anchor.py {STORE}/test_audit.py"),
    Place("orchestrate/store/switch.py", Says.RAISE, f"{STORE}/test_switch.py"),
    # secrets and positions
    Place("orchestrate/vault/keys.py", Says.RAISE, VAULT),
    Place("orchestrate/vault/envelope.py", Says.RAISE, VAULT),
    Place("orchestrate/vault/seal.py", Says.RAISE, VAULT),
    Place("orchestrate/positions/bound.py", Says.RAISE, "tests/orchestrate/test_positions.py"),
    Place("orchestrate/positions/on_postgres.py", Says.RAISE, "tests/orchestrate/test_positions.py"),
    # files, programs, addresses
    Place("tools/workspace.py", Says.RAISE, WORKSPACES),
    Place("tools/grounds.py", Says.RAISE, WORKSPACES),
    Place("tools/marker.py", Says.RAISE, WORKSPACES),
    Place("tools/occupants.py", Says.RAISE, "tests/tools/test_occupants.py"),
    Place("tools/confined.py", Says.RAISE, WORKSPACES, frozenset({"OSError"})),
    Place(
        "tools/listing.py", Says.RAISE, f"tests/tools/test_listing.py {WORKSPACES}", frozenset({"OSError"})
    ),
    Place("tools/reach.py", Says.RAISE, "tests/tools/test_reach.py", frozenset({"Unreachable"})),
    Place(
        "tools/systems/git_names.py",
        Says.RAISE,
        "tests/faults/test_git_attacks.py",
        frozenset({"Unreachable"}),
    ),
    # people at the command line
    Place("orchestrate/identity.py", Says.RAISE, f"{CLI}/test_identity.py"),
    Place("orchestrate/cli/change.py", Says.RAISE, f"{CLI}/test_task.py {CLI}/test_github.py"),
    Place("orchestrate/cli/task.py", Says.RAISE, f"{CLI}/test_clickup.py"),
    Place("orchestrate/cli/secret.py", Says.RAISE, f"{CLI}/test_secret.py"),
    Place("orchestrate/cli/reserve.py", Says.RAISE, f"{CLI}/test_reserve.py"),
    Place("orchestrate/cli/memory.py", Says.RAISE, f"{CLI}/test_memory.py"),
    Place("orchestrate/cli/switch.py", Says.RAISE, f"{CLI}/test_audit.py"),
    Place("orchestrate/cli/workspace.py", Says.RAISE, f"{CLI}/test_workspace.py"),
    Place(
        "orchestrate/cli/deploy/cancel.py",
        Says.RAISE,
        f"{CLI}/test_answers.py tests/stories/test_merge_queue.py",
    ),
    Place("orchestrate/mcp.py", Says.RAISE, "tests/orchestrate/test_mcp.py"),
    Place("orchestrate/slack/desk.py", Says.RAISE, "tests/orchestrate/slack/test_slack.py"),
    Place("orchestrate/counter/shipping.py", Says.RAISE, f"{COUNTER}/test_clerk.py"),
    Place("orchestrate/counter/returning.py", Says.RAISE, f"{COUNTER}/test_clerk.py"),
    Place("orchestrate/counter/going_back.py", Says.RAISE, f"{CLI}/test_deploy.py {CLI}/test_answers.py"),
    Place("orchestrate/cli/env/create.py", Says.RAISE, f"{CLI}/test_env.py"),
    Place("orchestrate/cli/env/delete.py", Says.RAISE, f"{CLI}/test_env.py"),
    Place("orchestrate/cli/env/exchange.py", Says.RAISE, f"{CLI}/test_env.py"),
    Place("orchestrate/cli/env/monitoring.py", Says.RAISE, f"{CLI}/test_env_monitoring.py"),
)

NO_GUARDS = {
    "orchestrate/counter/reads.py": "says that there is no plan to show",
    "orchestrate/counter/naming.py": "says that there is nothing to answer",
    "orchestrate/cli/deploy/plan.py": "says that there is no plan to show",
    "orchestrate/cli/deploy/postmortem.py": "says that there is nothing to draft",
    "orchestrate/cli/spells.py": "says that a task is closed; the queue does not give it either",
    "orchestrate/demo/prepare.py": "tells about the demo's folder",
    "orchestrate/demo/show.py": "tells about the demo's folder",
    "orchestrate/intake.py": "names a strategy that does not exist",
    "tools/systems/haproxy.py": "the router's own room",
    "tools/systems/proxy.py": "the router's own words",
}
"""Files that say no without guarding anything, and why."""

GUARDS = (*(removal for place in PLACES for removal in place.removals()), *(cut.removal() for cut in CUTS))
