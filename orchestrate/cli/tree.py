"""The tree of commands: what each is called, what it does, an example, and where it is written."""

from __future__ import annotations

from orchestrate.cli.branch import Branch, Leaf

QUARANTINE = Branch(
    "versions that an environment refuses",
    {
        "list": Leaf(
            "what an environment refuses, and why",
            "deploy.quarantine:show",
            "orchestrate deploy quarantine list --env production",
        ),
        "lift": Leaf(
            "allow a version again, on your word",
            "deploy.quarantine:lift",
            "orchestrate deploy quarantine lift --env production 4f2a91c --reason 'fixed by T-7'",
        ),
    },
    "orchestrate deploy quarantine list --env production",
)

DEPLOY = Branch(
    "deploy, follow, answer, go back",
    {
        "run": Leaf(
            "deploy a version, and follow it",
            "deploy.run:run",
            "orchestrate deploy run --env staging --version v1.4.0",
        ),
        "status": Leaf(
            "what is under way, or all about one deployment",
            "deploy.status:status",
            "orchestrate deploy status 01KADF",
        ),
        "history": Leaf(
            "what was deployed, newest first",
            "deploy.history:history",
            "orchestrate deploy history --env production --limit 5",
        ),
        "logs": Leaf(
            "what a deployment wrote",
            "deploy.logs:logs",
            "orchestrate deploy logs 01KADF --contains error --follow",
        ),
        "plan": Leaf(
            "the plan that was made, as Markdown", "deploy.plan:plan", "orchestrate deploy plan 01KADF"
        ),
        "postmortem": Leaf(
            "what is known about a deployment that was taken back",
            "deploy.postmortem:postmortem",
            "orchestrate deploy postmortem 01KADF",
        ),
        "approve": Leaf(
            "say yes to a question", "deploy.answer:approve", "orchestrate deploy approve Q7F3K2"
        ),
        "hold": Leaf("say no to a question", "deploy.answer:hold", "orchestrate deploy hold Q7F3K2"),
        "rollback": Leaf(
            "bring back the version before, or a named one",
            "deploy.rollback:rollback",
            "orchestrate deploy rollback --env production",
        ),
        "validate": Leaf(
            "run all gates, change nothing",
            "deploy.validate:validate",
            "orchestrate deploy validate --env production --change 3",
        ),
        "diff": Leaf(
            "what would change",
            "deploy.diff:diff",
            "orchestrate deploy diff --env production --version main",
        ),
        "promote": Leaf(
            "bring what one environment proved to the next",
            "deploy.promote:promote",
            "orchestrate deploy promote --from staging --to production",
        ),
        "cancel": Leaf(
            "stop a deployment that has changed nothing yet",
            "deploy.cancel:cancel",
            "orchestrate deploy cancel 01KADF",
        ),
        "quarantine": QUARANTINE,
    },
    "orchestrate deploy --env staging --version v1.4.0",
    usual="run",
)

ENV = Branch(
    "environments: the places to deploy to",
    {
        "list": Leaf("every environment", "env.show:list_all", "orchestrate env list"),
        "show": Leaf(
            "its rules, whether it answers, and what is live", "env.show:show", "orchestrate env show staging"
        ),
        "create": Leaf(
            "add one, from options or a YAML file",
            "env.create:create",
            "orchestrate env create preview --type dev --port 8090 --run 'python3 server.py {port}'",
        ),
        "delete": Leaf(
            "forget one that was created here", "env.delete:delete", "orchestrate env delete preview"
        ),
        "import": Leaf(
            "add those of a YAML file", "env.exchange:bring_in", "orchestrate env import environments.yaml"
        ),
        "export": Leaf(
            "write them as YAML, without secrets", "env.exchange:export", "orchestrate env export staging"
        ),
        "freeze": Leaf(
            "let nothing start there for a while",
            "env.freezing:freeze",
            "orchestrate env freeze production --for 2h --reason 'database moves'",
        ),
        "thaw": Leaf("let things start there again", "env.freezing:thaw", "orchestrate env thaw production"),
        "health": Leaf(
            "hold its health checks to what answers", "env.health:health", "orchestrate env health staging"
        ),
        "monitoring": Leaf(
            "have Prometheus watch one: targets and alert rules",
            "env.monitoring:monitoring",
            "orchestrate env monitoring staging --into /etc/prometheus/orchestrate --target shop:9100",
        ),
    },
    "orchestrate env show staging",
)

TASK = Branch(
    "tasks of the built-in tracker",
    {
        "add": Leaf("file a task", "task:add", "orchestrate task add 'Ship faster' --change 1"),
        "list": Leaf("open tasks", "task:list_open", "orchestrate task list --queue deploy"),
        "show": Leaf("a task and its thread", "task:show", "orchestrate task show T-1"),
        "comment": Leaf(
            "say something on the thread", "task:comment", "orchestrate task comment T-1 Approved"
        ),
        "close": Leaf("close a task", "task:close", "orchestrate task close T-1 --reason 'not needed'"),
    },
    "orchestrate task add 'Ship faster' --change 1",
)

CHANGE = Branch(
    "changes of the built-in forge",
    {
        "open": Leaf(
            "propose a branch",
            "change:open_one",
            "orchestrate change open --branch faster --title 'Answer faster'",
        ),
        "review": Leaf(
            "approve a change, or ask for changes", "change:review", "orchestrate change review 1 --approve"
        ),
        "check": Leaf(
            "report a check's result",
            "change:check",
            "orchestrate change check 1 --name tests --state passed",
        ),
        "label": Leaf(
            "put a label on a change's head", "change:label", "orchestrate change label 1 qa-approved"
        ),
        "list": Leaf("every change", "change:list_all", "orchestrate change list"),
        "show": Leaf("a change with its reviews and checks", "change:show", "orchestrate change show 1"),
    },
    "orchestrate change open --branch faster --title 'Answer faster'",
)

WORKSPACE = Branch(
    "workspaces: the folders in which changes are made, removed once they are deployed",
    {
        "create": Leaf(
            "make one, and say where",
            "workspace:create_one",
            'orchestrate task add Faster --change 1 --workspace "$(orchestrate workspace create)"',
        ),
        "list": Leaf("those that are there", "workspace:list_all", "orchestrate workspace list"),
        "remove": Leaf(
            "remove one that was left",
            "workspace:remove",
            "orchestrate workspace remove ws-4f0c1d7a9b2e4c5d8f6a7b8c9d0e1f2a",
        ),
    },
    "orchestrate workspace list",
)

SECRET = Branch(
    "secrets that the vault keeps",
    {
        "set": Leaf(
            "keep a value: typed unseen, or from standard input",
            "secret:set_one",
            "orchestrate secret set api-key --env production",
        ),
        "list": Leaf("what is kept, without values", "secret:list_all", "orchestrate secret list"),
        "rotate": Leaf("seal everything under a new key", "secret:rotate", "orchestrate secret rotate"),
        "rm": Leaf("forget one", "secret:remove", "orchestrate secret rm api-key --env production"),
    },
    "orchestrate secret set api-key --env production",
)

MEMORY = Branch(
    "what was learnt by deploying",
    {
        "list": Leaf(
            "what was learnt, newest first", "memory:list_all", "orchestrate memory list --env production"
        ),
        "show": Leaf("one of them, with all its files", "memory:show", "orchestrate memory show 01KADF"),
        "rm": Leaf(
            "forget what was learnt wrongly, on your word",
            "memory:remove",
            "orchestrate memory rm 01KADF --reason 'the router was broken, not the change'",
        ),
    },
    "orchestrate memory list --env production",
)

RESERVE = Branch(
    "files that somebody wants for themselves",
    {
        "add": Leaf(
            "reserve files: deployments that come later wait for you",
            "reserve:add",
            "orchestrate reserve add 'shop/*.py' --for 1h --reason 'the till is taken apart'",
        ),
        "list": Leaf("who works on which files", "reserve:list_all", "orchestrate reserve list"),
        "rm": Leaf("give them back", "reserve:give_back", "orchestrate reserve rm"),
    },
    "orchestrate reserve add shop/till.py --for 1h",
)

DB = Branch(
    "the store",
    {
        "upgrade": Leaf("bring the tables to this version", "db:upgrade", "orchestrate db upgrade"),
        "check": Leaf("see whether the store can be relied on", "db:check", "orchestrate db check"),
        "path": Leaf("where the store is", "db:path", "orchestrate db path"),
    },
    "orchestrate db check",
)

AUDIT = Branch(
    "what was decided and done, in a chain that shows every change to it",
    {
        "list": Leaf("its entries", "audit:show", "orchestrate audit list --deployment 01KADF --json"),
        "verify": Leaf(
            "was it tampered with?", "audit:verify", "orchestrate audit verify --head report.json"
        ),
        "anchor": Leaf(
            "go on from what is there, on your word",
            "audit:anchor",
            "orchestrate audit anchor --reason 'restored the backup of Monday'",
        ),
    },
    "orchestrate audit verify",
)

TREE = Branch(
    "Takes a change that is ready to deploy safely to production, and back when it does not do well.",
    {
        "deploy": DEPLOY,
        "say": Leaf(
            "say it as in chat: /deploy, status, rollback, or a question",
            "say:say",
            "orchestrate say 'what is live in production?'",
        ),
        "env": ENV,
        "task": TASK,
        "change": CHANGE,
        "workspace": WORKSPACE,
        "worker": Leaf(
            "claim what is ready, deploy it, watch it",
            "worker:worker",
            "orchestrate worker --task T-1 --once",
        ),
        "slack": Leaf(
            "hear /deploy and answers in Slack, and keep its channel up to date",
            "slack:slack",
            "orchestrate slack",
        ),
        "mcp": Leaf(
            "serve tools to programs with a model; none of them approves",
            "mcp:mcp",
            "claude mcp add orchestrate -- orchestrate mcp",
        ),
        "stop-effects": Leaf(
            "let nothing begin, in any worker",
            "switch:stop",
            "orchestrate stop-effects --reason 'the database is being moved'",
        ),
        "allow-effects": Leaf(
            "let it begin again", "switch:allow", "orchestrate allow-effects --reason 'it was moved'"
        ),
        "audit": AUDIT,
        "secret": SECRET,
        "memory": MEMORY,
        "reserve": RESERVE,
        "db": DB,
        "doctor": Leaf("is everything there?", "doctor:doctor", "orchestrate doctor"),
        "demo": Leaf(
            "four changes to a small shop, under real traffic", "demo:demo", "orchestrate demo --yes"
        ),
        "version": Leaf("which version this is", "about:version", "orchestrate version"),
    },
    "orchestrate deploy run --env staging --version v1.4.0",
    options=(
        ("--config FILE", "the settings; without it orchestrate.yaml, here or in a folder above"),
        ("--version", "which version this is"),
        ("--install-completion", "complete commands in this shell"),
        ("--show-completion", "what --install-completion would add"),
    ),
)
