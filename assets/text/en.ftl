# English texts of Quorumscope, in Fluent syntax (https://projectfluent.org/fluent/guide/).
#
# Each message is a whole sentence, reason or label. Its identifier consists of the namespace and the function in src/text
# that declares the message with the types of its arguments. Inside sentences, values that users propose are in quotes.
# Counts select the plural form. `cargo test --lib text` compares this file with the declarations.

### Numbers, units and lists

unit-decimal_point = .
unit-thousands_separator = ,
unit-percent = { $number } %
unit-speed_multiple = { $factor }×
unit-speed_fraction = 1/{ $divisor }×
unit-clock = { $hours }:{ $minutes }:{ $seconds }
unit-milliseconds = { $milliseconds } ms
unit-seconds = { $seconds } s
unit-minutes = { $minutes } min
unit-hours = { $hours_minutes } h
unit-nodes = { $count ->
    [one] { $count } node
   *[other] { $count } nodes
}
unit-share = { $part } of { $whole }
# Lists are folded from the left: pair(pair(a, b), c).
unit-list_pair = { $first }, { $second }
unit-list_facts = { $first } · { $second }
unit-list_more = { $items }, { $count } more
unit-values_pair = { $first } + { $second }
unit-values_more = { $values } + { $count } more
unit-no_new_proposals = nothing new
unit-ballot = ballot { $counter } for "{ $value }"
unit-every_ballot = every ballot for "{ $value }"

### Captions and event log: the actions of a node and their reasons

caption-nothing_yet = Nothing has happened yet
caption-click_to_propose = Click a node to propose

## Discovery and trust
caption-discovered = { $node } discovers { $peer }
caption-discovered_via = { $node } learns about { $peer } from { $via }
caption-trust_configured = { $node } is configured to trust { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-trust_discovered = { $node } discovers another node and now trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-trust_refreshed = { $node } refreshes its trust set: { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-trust_departed = { $node } now trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}: another one has left
caption-trust_forgotten = { $node } now trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}: another one was silent for too long
caption-trust_replaced = A user makes { $node } trust { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-trust_admitted = { $node } admits another node and now trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-trust_suspended = { $node } now trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}: a newcomer took no part
caption-trust_edited = An operator makes { $node } trust { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
caption-standing_candidate = { $node } does not count { $peer } yet: it has to take part first
caption-standing_newcomer = { $node } counts { $peer } as a newcomer
caption-standing_established = { $node } counts { $peer } as established
caption-standing_removed = An operator removes { $peer } from the trust set of { $node }
caption-rolled_back = { $node } stops voting: its data was replaced by an older copy
caption-quorum_set_overridden = An operator replaces the quorum set of { $node } within slot { $slot }
caption-quorum_set_changed = { $node } requires { $threshold } of { $total } from slot { $slot } on
caption-ready = { $node } knows { $known ->
    [one] { $known } node
   *[other] { $known } nodes
} and is ready to vote
caption-catching_up = { $node } catches up from slot { $slot }
caption-peer_left = { $node } learns that { $peer } leaves
caption-left = { $node } leaves
caption-message_refused = { $node } refuses a message from { $peer }

## Proposals
caption-proposed = { $node } proposes "{ $proposal }"
caption-pooled = { $node } adds "{ $proposal }" to its pool, because { $certified_by } certifies it
caption-proposal_malformed = { $node } refuses a proposal: it is malformed
caption-proposal_in_log = { $node } refuses a proposal: it is already in the log
caption-proposal_untrusted = { $node } refuses a proposal: no trusted node certifies it
caption-proposal_wrong_application = { $node } refuses a proposal: this network does not vote on such values
caption-proposal_not_participating = { $node } refuses a proposal: { $node } does not vote
caption-proposal_stale = { $node } refuses a proposal: it has already expired
caption-proposal_pool_full = { $node } refuses a proposal: its pool is full
caption-proposal_expired = { $node } drops an expired proposal: { $voted } voted for it, { $missing } did not
caption-recorded = { $node } records "{ $value }" as slot { $slot }
caption-backup_yes = { $node } votes to back up "{ $file }"
caption-backup_has_it = { $node } does not vote for "{ $file }": it already has that file
caption-backup_decided_before_vote = { $node } could not vote on "{ $file }" before it was decided
caption-backed_up_own = { $node } already has "{ $file }" and records it as backed up
caption-backed_up_from = { $node } fetches "{ $file }" from { $peer } and records it as backed up
caption-backup_failed = { $node } cannot fetch "{ $file }" and will retry

## Nomination
caption-slot_opened = { $node } opens slot { $slot }
caption-slot_joined = { $node } joins slot { $slot } and echoes votes
caption-round_started = { $node } starts nomination round { $round } of slot { $slot } and follows { $leaders }
caption-voted_own = { $node } leads the round and votes to nominate "{ $value }"
caption-voted_echo = { $node } echoes { $leader } and votes to nominate "{ $value }"
caption-voted_extracted = { $node } votes to nominate "{ $value }", the valid part of a leader's value
caption-accepted_nominated = { $node } accepts "{ $value }": { $reason }
caption-confirmed_nominated = { $node } confirms "{ $value }" as a candidate: { $reason }
caption-composite = { $node } combines its candidates into "{ $value }"

## Ballots
caption-ballot_candidate = { $node } starts { $ballot }: nomination produced a value
caption-ballot_timeout = { $node } moves to { $ballot }: the previous ballot timed out
caption-ballot_catch_up = { $node } moves to { $ballot }: { $reason }
caption-ballot_confirmed_prepared = { $node } moves to { $ballot }: a higher ballot is confirmed as prepared
caption-ballot_accepted_commit = { $node } moves to { $ballot }: another commit is accepted
caption-accepted_prepared = { $node } accepts { $ballot } as prepared: { $reason }
caption-confirmed_prepared = { $node } confirms { $ballot } as prepared: { $reason }
caption-accepted_commit_one = { $node } accepts the commit of "{ $value }" in ballot { $low }: { $reason }
caption-accepted_commit_range = { $node } accepts the commit of "{ $value }" in ballots { $low } to { $high }: { $reason }
caption-accepted_commit_from = { $node } accepts the commit of "{ $value }" in every ballot from { $low } on: { $reason }
caption-confirmed_commit = { $node } externalizes "{ $value }" in slot { $slot }: { $reason }
caption-commit_vote_withdrawn = { $node } withdraws its vote to commit { $ballot }
caption-heard_from_quorum = { $node } has heard from a quorum at ballot { $counter } and starts its timer
caption-not_fully_validated = { $node } cannot validate a value and sends nothing in slot { $slot }

## Statements that a node refuses
caption-refused_not_sane = { $node } refuses a statement of { $peer }: it contradicts itself
caption-refused_unknown_quorum_set = { $node } refuses a statement of { $peer }: its quorum set is unknown
caption-refused_malformed_quorum_set = { $node } refuses a statement of { $peer }: its quorum set is malformed
caption-refused_invalid_value = { $node } refuses a statement of { $peer }: it contains an invalid value
caption-refused_other_value_decided = { $node } refuses a statement of { $peer }: the slot is decided for another value
caption-refused_breaks_invariant = { $node } refuses a statement of { $peer }: following it would break the protocol
caption-refused_not_own = { $node } refuses a statement of { $peer }: a node restores only its own statements
caption-refused_too_late = { $node } refuses a statement of { $peer }: the slot has already advanced

### Reasons: the quorum or the blocking set that allowed a transition. A reason follows the colon of a caption.

evidence-whole_quorum_set = { $action ->
    [voted] { $total ->
        [one] the only node in its quorum set voted for it
       *[other] all { $total } in its quorum set voted for it
    }
    [accepted] { $total ->
        [one] the only node in its quorum set accepted it
       *[other] all { $total } in its quorum set accepted it
    }
   *[ahead] { $total ->
        [one] the only node in its quorum set is at a higher ballot
       *[other] all { $total } in its quorum set are at higher ballots
    }
}
evidence-part_of_quorum_set = { $action ->
    [voted] { $met } of { $total } in its quorum set voted for it
    [accepted] { $met } of { $total } in its quorum set accepted it
   *[ahead] { $met } of { $total } in its quorum set reached higher ballots
}
evidence-trusted = { $action ->
    [voted] { $met } of the { $total } nodes it trusts voted for it
    [accepted] { $met } of the { $total } nodes it trusts accepted it
   *[ahead] { $met } of the { $total } nodes it trusts reached higher ballots
}
evidence-quorum = { $action ->
    [voted] a quorum of { $size } voted for it
    [accepted] a quorum of { $size } accepted it
   *[ahead] a quorum of { $size } reached higher ballots
}
evidence-organizations = { $action ->
    [voted] { $met } of its { $total } organisations voted for it, { $threshold } are needed
    [accepted] { $met } of its { $total } organisations accepted it, { $threshold } are needed
   *[ahead] { $met } of its { $total } organisations reached higher ballots, { $threshold } are needed
}
evidence-groups = { $action ->
    [voted] { $met } of its { $total } groups voted for it, { $threshold } are needed
    [accepted] { $met } of its { $total } groups accepted it, { $threshold } are needed
   *[ahead] { $met } of its { $total } groups reached higher ballots, { $threshold } are needed
}
evidence-nodes_and_groups = { $action ->
    [voted] { $met } of its { $total } nodes and groups voted for it, { $threshold } are needed
    [accepted] { $met } of its { $total } nodes and groups accepted it, { $threshold } are needed
   *[ahead] { $met } of its { $total } nodes and groups reached higher ballots, { $threshold } are needed
}
# A blocking set has always accepted; its votes alone would not be enough.
evidence-blocking_node = { $action ->
    [accepted] { $blocker } blocks every slice of { $node } and has accepted it
   *[ahead] { $blocker } blocks every slice of { $node } and is at a higher ballot
}
evidence-blocking_nodes = { $action ->
    [accepted] { $count } nodes that block every slice of { $node } have accepted it
   *[ahead] { $count } nodes that block every slice of { $node } are at higher ballots
}
evidence-blocking_organizations = { $action ->
    [accepted] { $count ->
        [one] { $count } organisation that blocks every slice of { $node } has accepted it
       *[other] { $count } organisations that block every slice of { $node } have accepted it
    }
   *[ahead] { $count ->
        [one] { $count } organisation that blocks every slice of { $node } is at a higher ballot
       *[other] { $count } organisations that block every slice of { $node } are at higher ballots
    }
}
evidence-blocking_groups = { $action ->
    [accepted] { $count ->
        [one] { $count } group that blocks every slice of { $node } has accepted it
       *[other] { $count } groups that block every slice of { $node } have accepted it
    }
   *[ahead] { $count ->
        [one] { $count } group that blocks every slice of { $node } is at a higher ballot
       *[other] { $count } groups that block every slice of { $node } are at higher ballots
    }
}
evidence-blocking_nodes_and_groups = { $action ->
    [accepted] { $count ->
        [one] { $count } node or group that blocks every slice of { $node } has accepted it
       *[other] { $count } nodes and groups that block every slice of { $node } have accepted it
    }
   *[ahead] { $count ->
        [one] { $count } node or group that blocks every slice of { $node } is at a higher ballot
       *[other] { $count } nodes and groups that block every slice of { $node } are at higher ballots
    }
}

### Overlay: statistics, badge, summary, proposals, legend

overlay-nodes = Nodes
overlay-listeners = Listeners
overlay-ready = Ready
overlay-state = State
overlay-steps = Steps (events)
overlay-time = Time
overlay-seed = Seed
overlay-in_flight = In flight
overlay-frame_rate = Frames/s
overlay-node_count = { $present }
overlay-node_count_down = { $present }, { $down } down
overlay-node_count_referenced = { $present }, { $referenced } referenced
overlay-node_count_down_referenced = { $present }, { $down } down, { $referenced } referenced
overlay-time_paused = { $time }, paused
overlay-time_past = { $time }, past

## Network state
overlay-state_empty = no nodes
overlay-state_discovering = discovering
overlay-state_discovering_count = discovering, { $ready } of { $total } ready
overlay-state_ready = ready to vote
overlay-state_voting = voting on slot { $slot }
overlay-state_stuck = stuck in slot { $slot }
overlay-state_partly_agreed = slot { $slot }: { $decided } of { $total } agreed
overlay-state_agreed = slot { $slot } agreed
overlay-state_forked = forked
overlay-status_line = { $nodes ->
    [one] { $nodes } node · { $externalized } externalized · { $state } · { $quorums }
   *[other] { $nodes } nodes · { $externalized } externalized · { $state } · { $quorums }
}
overlay-status_line_paused = { $nodes ->
    [one] { $nodes } node · { $externalized } externalized · { $state }, paused · { $quorums }
   *[other] { $nodes } nodes · { $externalized } externalized · { $state }, paused · { $quorums }
}
overlay-status_line_past = { $nodes ->
    [one] { $nodes } node · { $externalized } externalized · { $state }, in the past · { $quorums }
   *[other] { $nodes } nodes · { $externalized } externalized · { $state }, in the past · { $quorums }
}

## Decisions
overlay-externalized = Externalized
overlay-externalized_in_slot = Externalized, slot { $slot }
overlay-nothing_externalized = nothing yet
overlay-other_values = { $count ->
    [one] { $count } other value
   *[other] { $count } other values
}
overlay-slot_agreed = Slot { $slot } agreed
overlay-slot_split = Slot { $slot } split in { $values }
overlay-value = Value
overlay-recorded_by = Recorded by
overlay-duration = Duration
overlay-rounds = Nomination rounds
overlay-highest_ballot = Highest ballot
overlay-statements = Statements sent
overlay-fork = Fork: slot { $slot } was decided { $values ->
    [2] two ways
   *[other] { $values } ways
}.
overlay-fork_paused = Fork: slot { $slot } was decided { $values ->
    [2] two ways
   *[other] { $values } ways
}. Paused; press Space to continue.
overlay-quorum_of = quorum: { $names }
overlay-members = { $count }: { $names }
overlay-common_nodes = in common: { $names }
overlay-no_common_node = no node in common

## Quorum intersection
overlay-quorums_checking = Quorums: being checked
overlay-quorums_intersect = Quorums intersect: yes
overlay-quorums_disjoint = Quorums intersect: no
overlay-quorums_unknown = Quorums intersect: unknown
overlay-no_quorum = There is no quorum
overlay-two_disjoint_quorums = Two disjoint quorums:
overlay-depends_on_referenced = Quorum sets are missing
overlay-no_slot_can_be_decided = No slot can be decided

## Proposals
overlay-proposals = Proposals
overlay-proposals_count = Proposals ({ $count })
overlay-no_proposals = none yet
overlay-pending = pending
overlay-stuck = stuck
overlay-agreed_in_slot = agreed, slot { $slot }
overlay-decided_by = decided by { $recorded } of { $total }
overlay-rejected = rejected
overlay-outvoted_in_slot = outvoted, slot { $slot }
overlay-split = split: { $nodes ->
    [one] { $nodes } node
   *[other] { $nodes } nodes
}
overlay-votes = { $votes } of { $total } voted
overlay-votes_received = { $votes } of { $total } votes received
overlay-more_proposals = { $count } more

## Beside a node
overlay-value_and_more = { $value }, { $count } more
overlay-ballot_value = b{ $counter }: { $value }

## Legend
overlay-idle = idle
overlay-idle_not_ready = idle, not ready to vote
overlay-nominated = nominated
overlay-accepted = accepted
overlay-confirmed = confirmed
overlay-externalized_phase = externalized
overlay-even_value = value 0
overlay-odd_value = value 1
overlay-quarters = nominate, prepare, confirm, externalize
overlay-timer = timer running
overlay-leader = leader of the round
overlay-beacon = beacon: broadcasts first
overlay-value_chip = value of the node
overlay-trusts = trusts
overlay-mutual_trust = trust each other
overlay-crashed = crashed
overlay-stopped = stopped or unreachable
overlay-silent = silent
overlay-referenced = only referenced by others
overlay-ill_behaved = ill-behaved
overlay-befouled = befouled
overlay-no_quorum_set = no quorum set
overlay-messages = Messages
overlay-proposal_message = proposal
overlay-vote_message = vote
overlay-accept_message = accept
overlay-externalize_message = externalize
overlay-service_message = query or reply
overlay-chunk_message = chunk of a file
overlay-messages_slowed = drawn slower than real time
overlay-several_messages = number of messages
overlay-lost_message = lost
overlay-broadcast = broadcast

### Timeline

timeline-to_now = To now
timeline-past_is_read_only = The picture shows the past, which cannot change. Press End to go back to now.
timeline-select_node = Click to select this node
timeline-gestures = Drag to move through time · wheel to zoom · middle drag to scroll
timeline-click_shows = Click to show this instant and pause
timeline-click_shows_live = Click to show this instant again; the processes keep running
timeline-click_too_early = Too long ago to show: the picture can go back to { $earliest }
timeline-click_not_yet = This has not happened yet
timeline-slot = slot { $slot }
timeline-in_slot = { $phase ->
    [idle] slot { $slot }: has not voted yet
    [nominate] slot { $slot }: nominated
    [accept] slot { $slot }: accepted
    [confirm] slot { $slot }: confirmed
   *[externalized] slot { $slot }: externalized
}
timeline-in_slot_silent = { $phase ->
    [idle] slot { $slot }: has not voted yet, and its messages are not delivered
    [nominate] slot { $slot }: nominated, but its messages are not delivered
    [accept] slot { $slot }: accepted, but its messages are not delivered
    [confirm] slot { $slot }: confirmed, but its messages are not delivered
   *[externalized] slot { $slot }: externalized, but its messages are not delivered
}
timeline-in_no_slot = has not joined a slot
timeline-in_no_slot_silent = has not joined a slot, and its messages are not delivered
timeline-stopped = stopped or unreachable
timeline-left = has left
timeline-referenced = only referenced by others
timeline-partitioned = The network is partitioned
timeline-interval = from { $from } to { $until } ({ $duration })
timeline-since = since { $from }
timeline-count_externalized = { $count } externalized
timeline-count_confirmed = { $count } confirmed
timeline-count_accepted = { $count } accepted
timeline-count_nominated = { $count } nominated
timeline-count_idle = { $count } without a slot
timeline-count_absent = { $count } absent

### Terminal: summaries, progress, notes and refusals of the subcommands

## Summary of a run
terminal-run_simulated = { $scenario } with seed { $seed }, { $nodes ->
    [one] { $nodes } node
   *[other] { $nodes } nodes
}, { $executor } executor
terminal-run_recorded = { $scenario } with seed { $seed }, { $nodes ->
    [one] { $nodes } node
   *[other] { $nodes } nodes
}, recorded
terminal-outcome_agreed = agreed: every eligible node decided, and all decided the same values
terminal-outcome_violated = VIOLATED: two nodes decided differently
terminal-no_progress_no_quorum = no progress: there is no quorum, so no node can ever decide
terminal-no_progress_no_decider = no progress: no node that belongs to a quorum is running
terminal-no_progress_nothing_proposed = no progress: nothing was proposed
terminal-no_progress_slot_not_begun = no progress: slot { $slot } never began
terminal-no_progress_undecided = no progress: some eligible nodes did not decide every slot
terminal-counted_nodes = { $counted } of { $total } nodes are eligible: they run and belong to a quorum
terminal-node_unknown = no node of this run has the name { $node }
terminal-slot_decided_by_all = slot { $slot }: "{ $value }", decided by all { $nodes }
terminal-slot_decided_by_some = slot { $slot }: "{ $value }", decided by { $decided } of { $total }
terminal-slot_decided_by = slot { $slot }: "{ $value }", decided by { $nodes }
terminal-slot_undecided = slot { $slot }: decided by no node
terminal-slot_undecided_by = slot { $slot }: not decided by { $nodes }
terminal-quorums_intersect = quorums intersect: yes
terminal-quorums_disjoint = quorums intersect: NO
terminal-quorums_none = quorums intersect: there is no quorum
terminal-quorums_unknown = quorums intersect: unknown
terminal-messages = messages: { $sent } sent, { $delivered } delivered, { $lost } lost
terminal-rounds_and_ballots = nomination rounds: at most { $rounds }; ballots: at most { $ballots }
terminal-run_times = virtual time { $virtual_s } s, CPU time { $cpu_ms } ms
terminal-note = note: { $note }
terminal-live_title = Live: nodes as processes
terminal-live_description = Node processes, watched through their event streams.

## Progress
terminal-progress_run = { $scenario }, seed { $seed }
terminal-progress_discovering = | { $time } virtual | discovering | { $messages ->
    [one] { $messages } message
   *[other] { $messages } messages
}
terminal-progress_slot = | { $time } virtual | slot { $slot }: { $decided } of { $total } decided | { $messages ->
    [one] { $messages } message
   *[other] { $messages } messages
}

## No window
terminal-no_window_run = { $error }; running in the terminal, like `quorumscope run`
terminal-no_window_support_run = this program was built without the window; running in the terminal, like `quorumscope run`
terminal-no_window_attach = --attach needs a window: { $error }; request /status of a node to see its state in the terminal
terminal-no_window_cluster = { $error }; running without a window, like --headless
terminal-no_window_support = this program was built without the window
terminal-no_display_bench = bench frame needs a display: { $error }; run it under X11 or Wayland, or with `xvfb-run`

## Files
terminal-no_display_variable = DISPLAY is not set; set it, or run under an X server such as Xvfb
terminal-no_x_server = no X server answers at DISPLAY="{ $display }" ({ $error })
terminal-no_open_gl = OpenGL is not available on this display
terminal-shader_refused = the shader was refused: { $error }
terminal-trace_incomplete = { $path }: the trace is incomplete: its writer was killed or is still running; using its { $records ->
    [one] { $records } complete record
   *[other] { $records } complete records
}
terminal-trace_left_over = { $path } is the incomplete trace of a run that was killed; read it with --replay { $path }, or delete it
terminal-trace_failed = { $error }; the run continues without a trace
terminal-trace_not_completed_if_interrupted = an interruption would leave the trace incomplete: { $error }
terminal-interrupted = interrupted; { $path } contains the run so far
terminal-interrupted_without_trace = interrupted; { $error }
terminal-merged = { $path }: { $processes ->
    [one] { $processes } process
   *[other] { $processes } processes
} from { $traces ->
    [one] { $traces } trace
   *[other] { $traces } traces
}, { $records ->
    [one] { $records } record
   *[other] { $records } records
}, { $time }; show it with: quorumscope --replay { $path }
terminal-merged_title = { $processes ->
    [one] { $processes } process
   *[other] { $processes } processes
}
terminal-merged_description = { $others ->
    [0] { $traces ->
        [one] Merged from { $traces } trace.
       *[other] Merged from { $traces } traces.
    }
    [one] { $traces ->
        [one] Merged from { $traces } trace; { $others } other node is only referenced.
       *[other] Merged from { $traces } traces; { $others } other node is only referenced.
    }
   *[other] { $traces ->
        [one] Merged from { $traces } trace; { $others } other nodes are only referenced.
       *[other] Merged from { $traces } traces; { $others } other nodes are only referenced.
    }
}
terminal-merge_output_is_input = { $path }: is an input, so it cannot also be the output; choose another name after -o
terminal-merge_no_start_time = { $path }, line 1: it has no start time (`epoch_unix_us`), so it cannot be merged; expected a trace written by `quorumscope node --trace`
terminal-output_is_input = { $output } { $path }: this file is the input of { $input }, and the output would replace it; choose another file
terminal-outputs_are_same = { $one } and { $other } write to the same file, { $path }, expected different files; choose another file for one of them
terminal-file_unreadable = { $path }: cannot be read: { $error }; check the path
terminal-file_not_regular = { $path }: is not a file; expected a TOML scenario or a JSON node list
terminal-file_too_large = { $path }: has { $size } bytes, more than the limit of { $limit }; is it the right file?
terminal-file_not_text = { $path }: is not text: byte { $position } is not UTF-8; expected a TOML scenario or a JSON node list
terminal-file_error = { $path }: { $error }
terminal-file_is_folder = { $path }: this is a folder; expected a file
terminal-file_without_name = { $path }: expected a file with a name

## Proposing
terminal-proposal_agreed = proposal { $nth } of { $origin }: agreed in slot { $slot }
terminal-proposal_rejected = proposal { $nth } of { $origin }: rejected, because it was not decided in time
terminal-proposal_pending = proposal { $nth } of { $origin }: pending
terminal-note_undecided = proposal { $nth } of { $origin }: still pending after { $waited_ms } ms
terminal-file_undecided = proposal { $nth } of { $origin }: still pending after { $waited_ms } ms; nodes that already have the file vote against it
terminal-backed_up = backed up at { $node }
terminal-backups_missing = not yet backed up at { $nodes }
terminal-trusts_now = { $url } trusts { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
} now
terminal-node_url_expected = --to { $url }: expected the address of a node, such as http://127.0.0.1:8001
terminal-node_unreachable = { $url }: { $error }; is a node running there?
terminal-node_refused = { $url }: { $title }: { $detail }
terminal-response_not_understood = { $url }: status { $status }, { $error }; is this a node?

## Running a node
terminal-node_failed = the node has failed; its state is safe in the data folder: start it again
terminal-signals_unavailable = signals cannot be handled: { $error }
terminal-name_expected = --name: expected 1 to 64 bytes without control characters
terminal-network_expected = --network: expected 1 to 64 bytes
terminal-broadcast_expected = --broadcast { $address }: expected an IPv4 broadcast address with a port, such as 192.168.1.255:47700
terminal-duration_expected = --{ $option } { $milliseconds }: expected 1 to { $limit } milliseconds
terminal-threshold_expected = --threshold { $threshold }: expected 2/3, majority, or a number of nodes from 1
terminal-quorum_set_expected = { $path }: { $error }; expected a quorum set such as {"{"}"threshold": 2, "validators": ["G...", "G..."]{"}"}
terminal-token_expected = { $path }: expected a token of at least 16 letters and digits on one line
terminal-forgetting_is_unsafe = --forget-after-ms is unsafe: both halves of a divided network can decide differently

## Clusters
terminal-cluster_program_unknown = the path of this program is unknown: { $error }
terminal-cluster_ended = all nodes have ended
terminal-cluster_folder_left = { $path } could not be removed

## Measuring
terminal-slot_costs_nodes = nodes
terminal-slot_costs_executor = executor
terminal-slot_costs_cpu = CPU ms/slot
terminal-slot_costs_deliveries = deliveries/slot
terminal-slot_costs_broadcasts = broadcasts/slot
terminal-slot_costs_memory = peak memory
terminal-memory_megabytes = { $megabytes } MB
terminal-memory_unknown = unknown
terminal-frame_costs_title = Frame benchmark
terminal-frame_costs_description = A synthetic network with steady traffic.
terminal-frame_costs_mode = mode
terminal-frame_costs_cpu = CPU ms/frame
terminal-frame_costs_app = app ms/frame
terminal-frame_costs_fps = fps
terminal-frame_costs_share = share of a core
terminal-frame_costs_propose_nothing = { $path }: no files are proposed while measuring

### Conformance report: the comparison with golden vectors of stellar-core

conformance-return_value = the return value
conformance-messages = envelopes and decisions, in order
conformance-timers = the timers after the step
conformance-invariants = the invariants
conformance-decision = the decision of slot { $slot } in the head of the transcript
conformance-fatal_input = an input on which stellar-core aborts must have no effect ({ $why })
conformance-normal_form = normal form
conformance-normal_form_without_node = normal form without a node
conformance-weight = weight of { $node }
conformance-statement = the statement of { $node }
conformance-property = { $property } of { $nodes }
conformance-step = { $case }, step { $step } (the first is 0)
conformance-mismatch =
    { $place }: { $what }
      expected  { $expected }
      actual    { $actual }
conformance-mismatch_after_input =
    { $place }: { $what }
      input     { $input }
      expected  { $expected }
      actual    { $actual }
conformance-total = total { $all } ({ $steps } steps, { $fatal } inputs on which stellar-core aborts)
conformance-folder_unreadable = { $path }: cannot list this folder
conformance-line = { $path }, line { $line }
conformance-format_expected = format { $found }, expected { $expected }
conformance-no_vectors = { $path }: no vectors in this folder; expected .json, .jsonl or .jsonl.gz files, or qsets*.json.gz

### Commands of the window

command-toggle_play = Play or pause
command-toggle_play_tip = Plays or pauses. You can still propose while paused.
command-step = Step
command-step_tip = Pauses and goes to the next event.
command-step_to_transition = Next transition
command-step_to_transition_tip = Goes to the next transition of the protocol: a vote, an accepted or confirmed statement, a new ballot.
command-step_to_slot = Next decision
command-step_to_slot_tip = Goes to the first decision of the next slot.
command-step_back = Step back
command-step_back_tip = Pauses and goes back to the event before.
command-seek_backward = Earlier
command-seek_backward_tip = Pauses and goes back by a twentieth of the timeline.
command-seek_forward = Later
command-seek_forward_tip = Pauses and goes forward by a twentieth of the timeline.
command-seek_to_start = Show the beginning
command-seek_to_start_tip = Goes back to the beginning of the run. The End key returns to the present.
command-return_to_present = Back to now
command-return_to_present_tip = Shows the latest instant and resumes playing if it was playing. The timeline follows.
command-slower = Slower
command-slower_tip = Halves the speed.
command-faster = Faster
command-faster_tip = Doubles the speed.
command-propose = Propose
command-propose_tip = Proposes the text or file of the toolbar at the selected node. A click on a node does the same there.
command-add_node = Add node
command-add_node_tip = Adds a node that announces itself and joins: by key at the pointer, by button in the middle of the view.
command-remove_node = Remove node
command-remove_node_tip = The selected node announces that it leaves, and leaves.
command-next_node = Next node
command-next_node_tip = Selects the next node.
command-restart = Restart
command-restart_tip = Restarts the scenario with the same seed, which gives exactly the same run.
command-new_seed = New seed
command-new_seed_tip = Restarts the scenario with another seed: other positions, delays and leaders.
command-scenarios = Scenarios
command-scenarios_tip = Lists all scenarios and what to look for in each.
command-scenario = Scenario 1 to 9
command-scenario_tip = Opens one of the first nine scenarios.
command-screenshot = Screenshot
command-screenshot_tip = Saves the picture as PNG and SVG in the working directory.
command-fit_view = Show all
command-fit_view_tip = Zooms so that every node is visible.
command-node_panel = Node panel
command-node_panel_tip = Shows or hides the details of the selected node.
command-event_log = Event log
command-event_log_tip = Shows or hides the list of events, the latest on top.
command-timeline = Timeline
command-timeline_tip = Shows or hides the states of all nodes over time. Click in it to go to an instant.
command-timeline_closer = Timeline: closer
command-timeline_closer_tip = Shows a shorter time in more detail. The wheel over the timeline does the same.
command-timeline_wider = Timeline: wider
command-timeline_wider_tip = Shows a longer time in less detail.
command-reach = Reachability
command-reach_tip = Shows or hides which nodes are in range of each other.
command-theme = Light or dark
command-theme_tip = Switches between the dark and the light theme. The light one suits print.
command-frame_rate = Frame rate
command-frame_rate_tip = Shows or hides the number of frames per second.
command-larger_ui = Larger text and picture
command-larger_ui_tip = Magnifies the whole window, for a projector or a high-resolution screen.
command-smaller_ui = Smaller text and picture
command-smaller_ui_tip = Shrinks the whole window, so that more fits.
command-default_ui = Ordinary size
command-default_ui_tip = Shows the window in its ordinary size.
command-help = Help
command-help_tip = Shows or hides this overview.
command-dismiss = Close
command-dismiss_tip = Closes the topmost panel, or clears the selection.
command-quit = Quit
command-quit_tip = Closes the window.
command-key_space = Space
command-key_page_up = Page up
command-key_page_down = Page down
command-key_home = Home
command-key_end = End
command-key_delete = Del
command-key_tab = Tab
command-key_escape = Esc
command-key_with_shift = Shift { $key }
command-key_with_control = Ctrl { $key }
command-group_time = Time
command-group_nodes = Nodes
command-group_run = Run
command-group_view = View

### Why a command of the window is disabled

refusal-no_run = The scenario is still opening.
refusal-nothing_selected = Select a node first: right-click it, or press Tab.
refusal-not_running = The selected node is not running.
refusal-referenced_node = The selected node is only referenced by others; there is no connection to it.
refusal-slowest = This is the slowest speed.
refusal-fastest = This is the fastest speed.
refusal-no_nodes = There are no nodes.
refusal-no_scenario = There is no such scenario.
refusal-recorded = This run is a recording: it cannot be changed.
refusal-recorded_seed = This run is a recording: its seed cannot be changed.
refusal-live_speed = These nodes are processes and run in real time. You can pause the picture.
refusal-live_add = These nodes are processes: start another one with "quorumscope node".
refusal-live_remove = These nodes are processes: stop one with Ctrl-C.
refusal-live_restart = These nodes are processes: the window cannot restart them.
refusal-live_crash = These nodes are processes: to crash one, kill it.
refusal-live_silence = These nodes are processes: the window cannot silence them.
refusal-live_trust = These nodes are processes: the window cannot change their trust policies.
refusal-live_partition = These nodes are processes: the window cannot partition their network.
refusal-live_address = { $node } is only referenced by other nodes, so its address is unknown.
refusal-live_file = These nodes are processes and back up real files: type the path of a file, or drop it on the window.
refusal-no_such_node = There is no node number { $number }.
refusal-node_not_running = { $node } is not running.
refusal-node_not_crashed = { $node } has not crashed.
refusal-too_many_nodes =
    { $nodes ->
        [one] The network already has { $nodes } node, the most that this executor runs.
       *[other] The network already has { $nodes } nodes, the most that this executor runs.
    }
refusal-node_not_started = The node could not be started: { $error }
refusal-takes_notes_and_files = This scenario takes notes and files.
refusal-takes_values = This scenario takes values.
refusal-not_physical = Nodes do not move in this scenario: positions are only for drawing.
refusal-no_thread = No thread could be started: { $error }

### Panels, menus, tooltips and toasts of the window

panel-opening_title = Opening …
panel-opening = Opening "{ $name }" …
panel-opening_given = Opening the scenario …
panel-live = live
panel-live_tip = These nodes are processes: the picture lags by about 0.3 s
panel-speed_tip = 1 s shows { $shown }
panel-speed_and_rate = { $speed } (1 s = { $shown })
panel-choice_tip = Click a node to make it nominate this value from the next slot on
panel-note = Note
panel-note_tip = Click a node to propose a short text
panel-file = File
panel-file_tip = Click a node to propose that all nodes back up a file. Drop a file on the window to use it.
panel-note_text = Text of the note
panel-default_note = note { $nth }
panel-forget_file = Forget this file
panel-file_facts = { $size ->
    [one] { $size } byte
   *[other] { $size } bytes
 }, SHA-256 { $digest }
panel-path_live = The path of a file on this machine
panel-path_simulated = A name creates a simulated file; a path selects a real file
panel-seed = seed
panel-not_a_seed = "{ $text }" is not a seed. A seed is a whole number from 0 to 18446744073709551615.
panel-seed_tip = Seed of all randomness: the same seed gives the same run
panel-more_tip = More view commands
panel-propose = Propose "{ $value }"
panel-click_proposes = Click to propose "{ $value }"
panel-right_click = Right-click for more
panel-trusts = { $count ->
    [one] trusts { $count } node
   *[other] trusts { $count } nodes
 }
panel-is_referenced = is only referenced by others
panel-is_stopped = is not running
panel-leave = Leave (announced)
panel-center = Center the view here
panel-copy_key = Copy key
panel-copy_key_tip = Copies the whole public key
panel-silence = Silence
panel-unsilence = End silence
panel-crash = Crash
panel-restart_node = Restart
panel-add_here = Add a node here
panel-select_tip = Select this node
panel-chip_stopped = { $name } (stopped)
panel-chip_silent = { $name } (silent)
panel-chip_left = { $name } (has left)
panel-chip_referenced = { $name } (only referenced)
panel-event_log = Event log
panel-close_log = Close the event log
panel-no_events = Nothing has happened yet.
panel-log_search = Search
panel-log_all = All
panel-log_consensus = Consensus
panel-log_proposals = Proposals
panel-log_network = Network
panel-log_faults = Faults
panel-log_line_tip = Click to show this instant and select the node.
panel-only_selected = selected node only
panel-only_node = { $name } only
panel-scenarios = Scenarios
panel-scenario_filter = Type to filter, ↑ ↓ to choose, Enter to open
panel-no_scenario_found = No scenario contains "{ $text }".
panel-group_first_steps = First steps
panel-group_faults = Faults
panel-group_whitepaper = Figures of the whitepaper
panel-close = Close
panel-help = Help
panel-about = Quorumscope shows how nodes agree by the Stellar Consensus Protocol (SCP): each node chooses which nodes it trusts, and decides on a value only once enough of them support it.
panel-mouse = Mouse
panel-mouse_click = Click a node
panel-mouse_click_tip = Proposes the text or file of the toolbar there, and selects the node
panel-mouse_right = Right-click
panel-mouse_right_tip = Selects the node and opens its menu
panel-mouse_drag = Drag a node
panel-mouse_drag_tip = Moves it; in radio scenarios that changes which nodes are in range of each other
panel-mouse_pan = Drag elsewhere
panel-mouse_pan_tip = Moves the picture; so does the middle button
panel-wheel = Wheel
panel-wheel_tip = Zooms at the pointer
panel-mouse_timeline = Click in the timeline
panel-mouse_timeline_tip = Shows that instant again; double-click to return to now
panel-mouse_drop = Drop a file
panel-mouse_drop_tip = Makes it the file that a click proposes
panel-first_nine = The first nine scenarios
panel-reading = How to read the picture
panel-reading_text = Each circle is a node. Its colour and letter show its phase in the current slot, the ring of four quarters the SCP statements it has made, and the arc around it its running timer. The mark beside it shows its value. Dots are messages in flight; a number beside a dot counts several. Lines are trust: an arc is mutual, an arrow is one-way.
panel-close_node = Close the node panel
panel-no_selection = No node selected
panel-no_selection_text = Right-click a node, or press Tab, to see which nodes it trusts, what it voted for and what it decided. A left click also selects it, and makes it propose.
panel-referenced_text = Other nodes refer to this node, but its own events are not recorded.
panel-left_text = It has left the network: other nodes no longer count it. This is what it had recorded.
panel-state_silent = runs, but its messages are not delivered
panel-state_unreachable = has stopped, or cannot be reached
panel-state_crashed = has crashed
panel-state_left = has left
panel-state_referenced = only referenced by others
panel-state_discovering = is discovering other nodes
panel-state_catching_up = is fetching the log
panel-state_idle = waits for a proposal
panel-state_nominate = has nominated
panel-state_accept = has accepted
panel-state_confirm = has confirmed
panel-state_externalized = has externalized
panel-beacon = beacon
panel-trust_set = Trust set
panel-no_trust = It trusts no node yet.
panel-trust_set_of = the trust set of { $name }
panel-trust_counts = { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
 }, including itself; knows { $known }
panel-outlined = The set is outlined in the picture
panel-quorum_set = Quorum set
panel-counts_from = in effect from slot { $slot } on
panel-no_quorum_set = It has no quorum set yet, so it cannot vote.
panel-and_more = and { $count } more
panel-quorum_set_of = a quorum set of { $name }
panel-of_organization = { $threshold }/{ $entries } { $name }
panel-of_nodes = { $threshold }/{ $entries } nodes
panel-of_organizations = { $threshold }/{ $entries } organisations
panel-of_sets = { $threshold }/{ $entries } sets
panel-quorum_progress = { $satisfied } of { $entries } are reachable and have reached the same stage; { $threshold } are needed
panel-log = Log
panel-nothing_decided = Nothing is decided here yet.
panel-slot_label = slot { $slot }
panel-and_before = and { $count } earlier
panel-backup_log = Backup log
panel-backup_yes = yes
panel-backup_has_it = no (has it)
panel-backup_decided_before_vote = decided before its vote
panel-backed_up = { $file }, backed up from { $from } at { $at }
panel-backup_before = { $file }, already stored
panel-backup_pending = { $file }, not stored yet
panel-why = Why it took its steps
panel-why_not = Why it waits
panel-follows_from = Follows from
panel-led_to = Led to
panel-later_transition = a later step of { $node }
panel-transition_tip = Click to show this instant and the messages that caused the step.
panel-message_tip = Click to show the step that produced this message.
panel-explanation_back = Back
panel-explanation_close = Close the explanation
panel-slot = Slot
panel-slot_title = Slot { $slot }
panel-no_slot = It has not joined a slot yet.
panel-phase = phase
panel-round = round
panel-leaders = leaders
panel-votes = votes
panel-accepted = accepted
panel-candidates = candidates
panel-none_yet = none yet
panel-still_nominating = { $phase }, still nominating
panel-ballot_b = b  current ballot
panel-ballot_b_tip = The ballot it is trying to commit
panel-ballot_p = p  accepted prepared
panel-ballot_p_tip = Highest ballot accepted as prepared
panel-ballot_p_prime = p'  second highest
panel-ballot_p_prime_tip = Highest ballot accepted as prepared for another value than p
panel-ballot_h = h  confirmed prepared
panel-ballot_h_tip = Highest ballot confirmed as prepared; from CONFIRM on, the highest accepted as committed
panel-ballot_c = c  commit voted
panel-ballot_c_tip = Lowest ballot voted to commit; from CONFIRM on, the lowest accepted as committed
panel-ballot = { $counter }, { $value }
panel-ballot_forever = ∞, { $value }
panel-timers = Timers
panel-no_timers = No timer is running.
panel-timer_round = round, slot { $slot }
panel-timer_ballot = ballot, slot { $slot }
panel-timer_announce = next broadcast
panel-timer_settle = roster settles
panel-timer_refresh = refresh of trust
panel-timer_resend = resend
panel-timer_expire = proposal expires
panel-timer_catch_up = catch-up retry
panel-timer_relay = relay
panel-timer_relay_repeats = relay of re-sent messages
panel-saved = Saved { $files } in { $folder }
panel-file_chosen = Click a node to propose the file "{ $name }"
panel-screenshot_failed = The screenshot failed: { $error }
panel-write_failed = The screenshot failed: cannot write "{ $path }": { $error }
panel-thread_failed = No thread could be started: { $error }

### Remarks about a scenario
remark-no_connected_placement = None of { $drawn } placements drawn from this seed is connected; this one has { $parts } parts.
remark-no_intersecting_placement = None of { $examined } connected placements drawn from this seed was found to have quorum intersection.
remark-relay_cost_short = By radio, every statement is relayed to all nodes: with { $nodes } nodes that takes up to half a minute.
remark-relay_cost_medium = By radio, every statement is relayed to all nodes: with { $nodes } nodes that takes minutes and up to 1 GB of memory.
remark-relay_cost_long = By radio, every statement is relayed to all nodes: with { $nodes } nodes that takes hours and about { $gigabytes } GB of memory in the end.
remark-forgets = UNSAFE: nodes that are silent for { $after } are dropped from quorum sets, so both halves of a partitioned network can continue and decide differently.
remark-without_quorum_set = { $nodes } of { $total } nodes have no usable quorum set: they listen and never vote.
remark-not_in_list =
    { $nodes ->
        [one] { $nodes } node is named in quorum sets but is not in the list, so it is not described.
       *[other] { $nodes } nodes are named in quorum sets but are not in the list, so they are not described.
    }
remark-not_answered = { $process } has not answered.

### Explanations

explain-heading = { $scenario } with seed { $seed } at { $at }
explain-available = A quorum is available: yes
explain-available_without = A quorum is available: yes, without { $missing }
explain-unavailable = A quorum is available: no. Without { $missing }, { $blocked } cannot decide
explain-unavailable_always = A quorum is available: no. { $blocked } cannot decide, and the return of nodes would not change this
explain-no_decider = A quorum is available: no. No running node can decide
explain-bring_back = Enough to bring back: { $sets }
explain-idle = Progress: no decision is pending
explain-awaits_message = Progress: statements are on their way, the next one arrives at { $arrives_at }
explain-awaits_timer = Progress: the next step is the timer of { $node }, which expires at { $due_at }
explain-awaits_resend = Progress: lost statements will be sent again
explain-stuck = Progress: STUCK, { $nodes } cannot decide without a quorum
explain-agreement_holds = Agreement: holds
explain-agreement_broken = Agreement: BROKEN in slot { $slot }
explain-agreement_undefined = Agreement: not guaranteed, because two quorums have no common node
explain-intact = Intact: { $nodes }
explain-befouled = Befouled: { $nodes }
explain-ill_behaved = Ill-behaved (crashed and silent nodes): { $nodes }
explain-intactness_undefined = Intact and befouled nodes: undefined, because two quorums have no common node
explain-intactness_unknown = Intact and befouled nodes: unknown
explain-no_nodes = no node
explain-both = { $first } and { $second }
explain-either = { $first }, or { $second }
explain-either_more = { $sets }, or { $count ->
    [one] { $count } other set
   *[other] { $count } other sets
}
explain-node = { $node } in slot { $slot }
explain-phase_idle = takes no part
explain-phase_nominate = NOMINATE
explain-phase_prepare = PREPARE
explain-phase_confirm = CONFIRM
explain-phase_externalize = EXTERNALIZE
explain-taken = { $at }: { $sentence }
explain-witness_quorum = Quorum: { $nodes }
explain-witness_blocking = Blocking set: { $nodes }
explain-witness_leader = Leader: { $node }
explain-message_own = { $node }: its own statement of { $at }
explain-message_direct = { $node }: sent at { $sent_at }, received at { $received_at }
explain-message_relayed = { $node }: sent at { $sent_at }, received at { $received_at } from the relay { $relay }
explain-message_received = { $node }: received at { $received_at }
explain-message_unknown = { $node }: the message is not recorded
explain-step_vote_nominate = vote for a value
explain-step_accept_nominated = accept the nomination of "{ $value }"
explain-step_confirm_nominated = confirm the nomination of "{ $value }"
explain-step_ballot = move to { $ballot }
explain-step_accept_prepared = accept { $ballot } as prepared
explain-step_confirm_prepared = confirm { $ballot } as prepared
explain-step_accept_commit = accept the commit of { $ballot }
explain-step_confirm_commit = decide { $ballot }
explain-step_heard_from_quorum = start the timer of { $ballot }
explain-step_other = take its next step
explain-needs_vote = To { $step }, the votes of { $sets } are missing
explain-needs_acceptance = To { $step }, the acceptance of { $sets } is missing
explain-needs_nomination = To { $step }, a nomination of { $sets } is missing
explain-needs_counter = To { $step }, a statement of { $sets } at this counter or above is missing
explain-needs_timer = To { $step }, it waits for its timer, which expires at { $due_at }
explain-needs_timer_unknown = To { $step }, it waits for its timer
explain-impossible = To { $step } is impossible with these quorum sets
explain-standing_under_way = { $node }: the message is on its way and arrives at { $arrives_at }
explain-standing_relayed = { $node }: the message is on its way to relays
explain-standing_lost = { $node }: the message was lost and will be sent again
explain-standing_voted_other = { $node }: has voted for something else and may still change
explain-standing_accepted_other = { $node }: has accepted the commit of another value and will not change
explain-standing_no_statement = { $node }: has sent no such statement yet
explain-standing_cut_off = { $node }: is cut off
explain-standing_silent = { $node }: is silent
explain-standing_crashed = { $node }: has crashed
explain-standing_left = { $node }: has left
explain-standing_does_not_exist = { $node }: does not exist
explain-remedy_message = A message on its way can bring this
explain-remedy_timer = A timer can bring this
explain-remedy_resend = The repetition of lost messages can bring this
explain-remedy_restart = The restart of a node can bring this
explain-remedy_heal = The end of a partition can bring this
explain-remedy_quorum_set = Only another quorum set can bring this
explain-remedy_never = Nothing can bring this with these quorum sets
