"""The list of guards: each file with some, how they say no, and who notices when one is gone."""

from __future__ import annotations

from tests.mutants.places import Place, Says

STORE = "tests/orchestrate/store"
GATES = "tests/orchestrate/gates"
CASES = "tests/orchestrate/test_approval"

PLACES = (
    Place("tools/guards.py", Says.RAISE, "tests/tools/test_guards.py"),
    Place("tools/executor.py", Says.RAISE, "tests/tools/test_executor.py"),
    Place("tools/systems/git_forge.py", Says.RAISE, "tests/contracts/test_forge.py"),
    Place("tools/memory_forge.py", Says.RAISE, "tests/contracts/test_forge.py"),
    Place("orchestrate/gates/artifact.py", Says.FINDING, GATES),
    Place("orchestrate/gates/change.py", Says.FINDING, GATES),
    Place("orchestrate/gates/place.py", Says.FINDING, GATES),
    Place("orchestrate/gates/rules.py", Says.FINDING, GATES),
    Place("orchestrate/policy.py", Says.VIOLATION, "tests/orchestrate/test_policy.py"),
    Place(
        "orchestrate/approvals.py",
        Says.WHY,
        f"{CASES}_cases.py {CASES}s.py tests/orchestrate/test_standing.py tests/orchestrate/test_answers.py",
    ),
    Place(
        "orchestrate/approvals.py",
        Says.RAISE,
        f"{CASES}_cases.py {CASES}s.py tests/orchestrate/test_standing.py tests/orchestrate/test_answers.py",
    ),
    Place("orchestrate/store/questions.py", Says.RAISE, f"{STORE}/test_questions.py"),
    Place("orchestrate/store/leases.py", Says.RAISE, f"{STORE}/test_leases.py"),
    Place("orchestrate/store/plans.py", Says.RAISE, f"{STORE}/test_records.py {STORE}/test_effects.py"),
)

GUARDS = tuple(removal for place in PLACES for removal in place.removals())
