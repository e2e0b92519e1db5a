"""Guards that are one word in a longer expression: what is written, and what is left without it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.mutants.removal import ROOT, Removal

APPROVALS = "tests/orchestrate/test_approval_cases.py tests/orchestrate/test_standing.py"
CANARIES = "tests/faults/test_secret_canaries.py"
COMMANDS = "tests/tools/test_commands.py"
DOOR = "tests/tools/test_executor.py"
DOUBTS = "tests/stories/test_deployer.py"
FETCHING = "tests/tools/test_fetch.py"
GIT = "tests/faults/test_git_attacks.py"
HEARING = "tests/stories/test_approvals.py tests/stories/test_void.py"
LOOKING = "tests/agents/test_looking.py"
MODELS = "tests/agents/test_model.py"
POSITIONS = "tests/orchestrate/test_positions.py"
REACH = "tests/tools/test_reach.py"
RESERVED = "tests/stories/test_reserved_files.py"
VAULT = "tests/orchestrate/vault"
WORDS = "tests/orchestrate/reports/test_hostile.py tests/orchestrate/test_outside.py"
WORKSPACES = "tests/tools/test_workspace.py tests/faults/test_workspace_attacks.py"


@dataclass(frozen=True)
class Cut:
    """One guard, by its words; they stand in the file exactly once."""

    file: str
    guard: str
    words: str
    instead: str
    witness: str

    def removal(self) -> Removal:
        """Raises LookupError when the words are gone or stand there twice."""
        text = (ROOT / self.file).read_text()
        if text.count(self.words) != 1:
            raise LookupError(f"{self.file} holds {text.count(self.words)} times: {self.words}")
        start = len(text[: text.index(self.words)].encode())
        end = start + len(self.words.encode())
        return Removal(f"{self.file}: {self.guard}", self.file, start, end, self.instead, self.witness)


CUTS = (
    Cut(
        "graphs/steps/arrive.py",
        "a person sees that others kept files for themselves",
        " or is_contended(situation)",
        "",
        RESERVED,
    ),
    Cut(
        "graphs/steps/working.py",
        "whoever has reserved files is not waited for for ever",
        " or now >= since + crew.waits_for_files",
        "",
        RESERVED,
    ),
    Cut(
        "graphs/steps/working.py",
        "whoever comes later is not waited for",
        " if one.by in first",
        "",
        RESERVED,
    ),
    Cut(
        "graphs/steps/ship.py",
        "what was begun goes back to no gate",
        "if self._has_begun(at, plan) or self.crew.may_still_come(at, AT_THE_GATES):",
        "if self.crew.may_still_come(at, AT_THE_GATES):",
        "tests/stories/test_signatures.py tests/stories/test_outage.py",
    ),
    Cut(
        "graphs/steps/judging.py",
        "a doubt extends no watch",
        " and (said is None or not said.is_doubt)",
        "",
        DOUBTS,
    ),
    Cut(
        "orchestrate/intake.py",
        "a task at another stage is left alone",
        "                self._check_stage(task)\n",
        "",
        "tests/orchestrate/test_intake.py",
    ),
    Cut(
        "agents/looking.py",
        "only the role's own tools exist",
        "if wish.tool not in self.tools:",
        "if wish.tool not in tuple(ReadTool):",
        LOOKING,
    ),
    Cut(
        "agents/looking.py",
        "so much is shown and no more",
        "if self.bytes >= MOST_BYTES:",
        "if False:",
        LOOKING,
    ),
    Cut(
        "agents/claude.py",
        "whoever never answers is not asked for ever",
        "question.after(Turn(said.parts, shown), may_look=view.is_open)",
        "question.after(Turn(said.parts, shown), may_look=True)",
        LOOKING,
    ),
    Cut(
        "graphs/steps/judging.py",
        "advice takes nothing back where nothing goes back by itself",
        "if is_back and self.crew.place(state).environment.auto_rollback:",
        "if is_back:",
        DOUBTS,
    ),
    Cut(
        "tools/guards.py",
        "whoever was asked because of a doubt must have answered",
        "environment.asks_a_person or plan.approval is not None",
        "environment.asks_a_person",
        DOUBTS,
    ),
    Cut(
        "orchestrate/counter/explaining.py",
        "a stranger spends nothing",
        "if who.person is None and who.channel is not Channel.CLI:",
        "if False:",
        "tests/orchestrate/counter/test_explaining.py",
    ),
    Cut(
        "tools/confined.py",
        "no link is followed, no mount is entered",
        "0x08 | 0x04 | 0x02 | 0x01",
        "0x02",
        WORKSPACES,
    ),
    Cut(
        "tools/confined.py",
        "without openat2, no link is followed",
        "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC",
        WORKSPACES,
    ),
    Cut(
        "tools/commands.py",
        "a program has a session of its own",
        "start_new_session=True",
        "start_new_session=False",
        COMMANDS,
    ),
    Cut(
        "tools/commands.py",
        "a program inherits no descriptor",
        "close_fds=True",
        "close_fds=False",
        COMMANDS,
    ),
    Cut(
        "tools/commands.py",
        "a program inherits no variable",
        "CLEAN if env is None else env, cap",
        "os.environ if env is None else env, cap",
        COMMANDS,
    ),
    Cut(
        "tools/commands.py",
        "its input is empty",
        "stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE",
        "stdin=None if stdin is None else subprocess.PIPE",
        COMMANDS,
    ),
    Cut(
        "tools/systems/git.py",
        "no hook runs",
        '    "-c", "core.hooksPath=/dev/null",\n',
        "",
        GIT,
    ),
    Cut(
        "tools/systems/git.py",
        "no helper of the file system runs",
        '    "-c", "core.fsmonitor=false",\n',
        "",
        GIT,
    ),
    Cut(
        "tools/systems/git.py",
        "git asks nobody's settings",
        '    "GIT_CONFIG_GLOBAL": "/dev/null",\n    "GIT_ATTR_NOSYSTEM": "1",\n',
        "",
        GIT,
    ),
    Cut(
        "tools/systems/git.py",
        "attributes of the repository do nothing",
        '"* -export-ignore -export-subst -ident -text -eol -working-tree-encoding -filter\\n"',
        '"\\n"',
        GIT,
    ),
    Cut(
        "tools/reach.py",
        "no name leads inside",
        "return any(one in network for one in _unwrapped(address) for network in _INSIDE)",
        "return False",
        REACH,
    ),
    Cut(
        "tools/reach.py",
        "IPv4 in IPv6 clothes is looked at",
        "    if address in _NAT64 or address in _COMPATIBLE:\n",
        "    if False:\n",
        REACH,
    ),
    Cut(
        "tools/fetch.py",
        "the connection is held to the address that was looked up",
        "url.copy_with(host=address),",
        "url,",
        FETCHING,
    ),
    Cut(
        "tools/fetch.py",
        "nothing around the program bends the way",
        "trust_env=False",
        "trust_env=True",
        FETCHING,
    ),
    Cut(
        "tools/fetch.py",
        "nothing is waited for longer than ten seconds",
        "min(ask.seconds, LONGEST)",
        "ask.seconds",
        FETCHING,
    ),
    Cut(
        "tools/fetch.py",
        "packed answers stay packed",
        "answer.aiter_raw()",
        "answer.aiter_bytes()",
        FETCHING,
    ),
    Cut(
        "tools/fetch.py",
        "a long answer is no answer",
        "if len(body) > ask.cap and not ask.is_enough_begun:",
        "if False:",
        FETCHING,
    ),
    Cut(
        "tools/systems/web_api.py",
        "where a vendor's answer leads is asked over TLS, by a name",
        'if not is_own and (place.scheme != "https" or is_address(place.hostname or "")):',
        "if False:",
        "tests/tools/providers/digitalocean/test_logs.py",
    ),
    Cut(
        "orchestrate/approvals.py",
        "letters that look alike are no answer",
        "if line.isascii() else None",
        "if line else None",
        APPROVALS,
    ),
    Cut(
        "orchestrate/approvals.py",
        "the whole comment is the answer",
        "_GRAMMAR.fullmatch(line)",
        "_GRAMMAR.match(line)",
        APPROVALS,
    ),
    Cut(
        "orchestrate/approvals.py",
        "the bot is not heard",
        "if comment.author == matter.bot or comment.at",
        "if comment.at",
        APPROVALS,
    ),
    Cut(
        "orchestrate/approvals.py",
        "Hold beats Approved",
        "for kind in (DecisionKind.HOLD, DecisionKind.ROLL_BACK):",
        "for kind in (DecisionKind.ROLL_BACK,):",
        APPROVALS,
    ),
    Cut(
        "tools/hearing.py",
        "a Hold that nobody read is obeyed",
        "        if against:\n",
        "        if False:\n",
        HEARING,
    ),
    Cut(
        "tools/hearing.py",
        "a comment that is gone approves nothing",
        "lost(one, thread) or self._is_another(one)",
        "self._is_another(one)",
        HEARING,
    ),
    Cut(
        "tools/hearing.py",
        "an account that is somebody else's approves nothing",
        "lost(one, thread) or self._is_another(one)",
        "lost(one, thread)",
        HEARING,
    ),
    Cut(
        "tools/executor.py",
        "guards are asked",
        "        await self._check(write, args, at)\n",
        "",
        DOOR,
    ),
    Cut(
        "tools/executor.py",
        "a receipt is given again",
        "if effect.state is EffectState.DONE and effect.receipt is not None:",
        "if False:",
        DOOR,
    ),
    Cut(
        "tools/executor.py",
        "the world is looked at before the act",
        "return await _asked(write.name, write.observe(args)) if write.observe else None",
        "return None",
        DOOR,
    ),
    Cut(
        "orchestrate/outside.py",
        "nobody is called",
        '_CALL = re.compile(r"@(?=\\w)|<(?=!)")',
        '_CALL = re.compile(r"(?!)")',
        WORDS,
    ),
    Cut(
        "orchestrate/outside.py",
        "no link works",
        "    text = _LINK.sub(_cut, text).replace",
        "    text = text.replace",
        WORDS,
    ),
    Cut(
        "orchestrate/outside.py",
        "no markup works",
        'return _NUMBERED.sub(r"\\1\\\\\\2", _MARKUP.sub(_backslashed, text))',
        "return text",
        WORDS,
    ),
    Cut(
        "orchestrate/outside.py",
        "a block cannot be ended",
        'fence = "`" * max(3, longest + 1)',
        'fence = "```"',
        WORDS,
    ),
    Cut(
        "orchestrate/outside.py",
        "what looks like a key is masked",
        "text = _WHOLE.sub(MARK, without_secrets(text))",
        "text = without_secrets(text)",
        WORDS,
    ),
    Cut(
        "agents/model.py",
        "a quotation cannot be closed",
        "seal = hashlib.sha256(body.encode()).hexdigest()[:16]",
        'seal = ""',
        MODELS,
    ),
    Cut(
        "agents/model.py",
        "a quotation is bounded and redacted",
        "body = clipped(redacted(visible(self.text)), self.limit)",
        "body = self.text",
        MODELS,
    ),
    Cut(
        "agents/model.py",
        "no prompt holds a secret",
        "return without_secrets(render(role, **{name: str(value) for name, value in facts.items()}))",
        "return render(role, **{name: str(value) for name, value in facts.items()})",
        MODELS,
    ),
    Cut(
        "agents/model.py",
        "an answer is exactly its type",
        "answer.model_validate_json(text, strict=True)",
        "answer.model_validate_json(text)",
        MODELS,
    ),
    Cut(
        "orchestrate/store/rows.py",
        "no row holds a secret",
        "return without_secrets(text).replace",
        "return text.replace",
        CANARIES,
    ),
    Cut(
        "orchestrate/vault/seal.py",
        "what is sealed belongs to its place",
        'return json.dumps(words, separators=(",", ":")).encode()',
        'return b""',
        VAULT,
    ),
    Cut(
        "orchestrate/positions/serializer.py",
        "a plain position is refused",
        "if form == kind or form not in FORMS:",
        "if False:",
        POSITIONS,
    ),
    Cut(
        "orchestrate/positions/serializer.py",
        "types that are not ours are refused",
        "        if foreign:\n",
        "        if False:\n",
        POSITIONS,
    ),
    Cut(
        "orchestrate/positions/serializer.py",
        "no position holds a secret",
        'if held() and without_secrets(text := data.decode("utf-8", "replace")) != text:',
        "if False:",
        POSITIONS,
    ),
    Cut(
        "orchestrate/positions/serializer.py",
        "a position belongs to its deployment",
        "MARK, _thread.get(), form)",
        "MARK, form)",
        POSITIONS,
    ),
    Cut(
        "orchestrate/vault/keys.py",
        "a key file is no link",
        "os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "os.O_RDONLY | os.O_CLOEXEC",
        VAULT,
    ),
    Cut(
        "tools/systems/clickup.py",
        "tasks do not wait in a circle",
        "await check_no_circle(task, on, self._waits_for)",
        "pass",
        "tests/contracts/test_tracker.py",
    ),
    Cut(
        "tools/systems/beads.py",
        "tasks do not wait in a circle",
        "await check_no_circle(task, on, self._waits_for)",
        "pass",
        "tests/tools/systems/beads/test_beads.py",
    ),
)
