# English texts of Quorumscope, in Fluent syntax (https://projectfluent.org/fluent/guide/).
#
# One message per sentence or label; a message never ends or continues another one. The identifier is the namespace and
# the function in src/text that declares the message, with the types of its arguments. Values that people propose stand
# in quotes. Counts select the plural form. `cargo test --lib text` compares this file with the declarations.

### Numbers, units and lists

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
unit-list_more = { $items }, { $count } more
unit-values_pair = { $first } + { $second }
unit-values_more = { $values } + { $count } more
unit-no_new_proposals = nothing new
unit-ballot = ballot { $counter } for "{ $value }"
unit-every_ballot = every ballot for "{ $value }"

### Captions and the event log: what a node did and why

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
caption-trust_ordered = A user makes { $node } trust { $trusted ->
    [one] { $trusted } node
   *[other] { $trusted } nodes
}
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
caption-pooled = { $node } adds "{ $proposal }" to its pool, because { $voucher } vouches for it
caption-proposal_malformed = { $node } refuses a proposal: it is malformed
caption-proposal_in_log = { $node } refuses a proposal: it is already in the log
caption-proposal_untrusted = { $node } refuses a proposal: no node that { $node } trusts vouches for it
caption-proposal_wrong_application = { $node } refuses a proposal: this network does not vote on such values
caption-proposal_not_participating = { $node } refuses a proposal: { $node } does not vote
caption-proposal_stale = { $node } refuses a proposal: it has already expired
caption-proposal_pool_full = { $node } refuses a proposal: its pool is full
caption-proposal_expired = { $node } drops an expired proposal: { $voted } voted for it, { $missing } did not
caption-recorded = { $node } records "{ $value }" as slot { $slot }
caption-backup_yes = { $node } votes to back up "{ $file }"
caption-backup_has_it = { $node } does not vote for "{ $file }": it already has that file
caption-backup_not_asked = { $node } had no chance to vote on "{ $file }"
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
caption-heard_from_quorum = { $node } hears a quorum at ballot { $counter } and starts its timer
caption-not_fully_validated = { $node } cannot validate a value and sends nothing in slot { $slot }

## Statements that a node refuses
caption-refused_not_sane = { $node } refuses a statement of { $peer }: it contradicts itself
caption-refused_unknown_quorum_set = { $node } refuses a statement of { $peer }: its quorum set is unknown
caption-refused_malformed_quorum_set = { $node } refuses a statement of { $peer }: its quorum set is malformed
caption-refused_invalid_value = { $node } refuses a statement of { $peer }: it contains an invalid value
caption-refused_other_value_decided = { $node } refuses a statement of { $peer }: the slot is decided for another value
caption-refused_breaks_invariant = { $node } refuses a statement of { $peer }: to follow it would break the protocol
caption-refused_not_own = { $node } refuses a statement of { $peer }: a node restores only its own statements
caption-refused_too_late = { $node } refuses a statement of { $peer }: the slot has moved on without it

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
overlay-node_count_unseen = { $present }, { $unseen } unseen
overlay-node_count_down_unseen = { $present }, { $down } down, { $unseen } unseen
overlay-time_paused = { $time }, paused
overlay-time_past = { $time }, past

## What the network does
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
overlay-depends_on_unseen = It depends on unseen nodes
overlay-no_slot_can_be_decided = No slot can be decided

## Proposals
overlay-proposals = Proposals
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
overlay-votes_heard = { $votes } of { $total } votes heard
overlay-earlier_proposals = { $count } earlier

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
overlay-unseen = known by name only
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
overlay-messages_slowed = drawn slower than they are
overlay-several_messages = number at once
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
    [idle] slot { $slot }: has not voted yet, and nothing it sends gets out
    [nominate] slot { $slot }: nominated, but nothing it sends gets out
    [accept] slot { $slot }: accepted, but nothing it sends gets out
    [confirm] slot { $slot }: confirmed, but nothing it sends gets out
   *[externalized] slot { $slot }: externalized, but nothing it sends gets out
}
timeline-in_no_slot = in no slot yet
timeline-in_no_slot_silent = in no slot yet, and nothing it sends gets out
timeline-stopped = stopped or unreachable
timeline-left = has left
timeline-unseen = known by name only
timeline-partitioned = The network is partitioned
timeline-interval = from { $from } to { $until } ({ $duration })
timeline-since = since { $from }
timeline-count_externalized = { $count } externalized
timeline-count_confirmed = { $count } confirmed
timeline-count_accepted = { $count } accepted
timeline-count_nominated = { $count } nominated
timeline-count_idle = { $count } in no slot yet
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
terminal-outcome_agreed = agreed: every node that counts decided, and all decided alike
terminal-outcome_violated = VIOLATED: two nodes decided differently
terminal-no_progress_no_quorum = no progress: there is no quorum, so no node can ever decide
terminal-no_progress_no_decider = no progress: no node that belongs to a quorum is running
terminal-no_progress_nothing_proposed = no progress: nothing was proposed
terminal-no_progress_slot_not_begun = no progress: slot { $slot } never began
terminal-no_progress_undecided = no progress: some nodes that count did not decide every slot
terminal-counted_nodes = { $counted } of the { $total } nodes count: those that run and belong to a quorum
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
terminal-no_display_run = there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); running in the terminal, like `quorumscope run`
terminal-no_window_support_run = this program was built without the window; running in the terminal, like `quorumscope run`
terminal-window_failed_run = no window can be opened: { $error }; running in the terminal, like `quorumscope run`
terminal-no_display_attach = --attach needs a window, and there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); request /status of a node to see its state in the terminal
terminal-window_failed_attach = --attach needs a window, and none can be opened: { $error }; request /status of a node to see its state in the terminal
terminal-no_display_cluster = there is no display; running without a window, like --headless
terminal-no_window_support = this program was built without the window
terminal-no_display_bench = bench frame needs a display: { $error }; run it under X11 or Wayland, or with `xvfb-run`

## Files
terminal-trace_incomplete = { $path }: the trace is incomplete: its writer was killed or is still running; using its { $records ->
    [one] { $records } complete record
   *[other] { $records } complete records
}
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
terminal-merge_output_is_input = { $path }: is an input and cannot be the output, too; choose another name after -o
terminal-merge_no_start_time = { $path }, line 1: it has no start time (`epoch_unix_us`), so it cannot be merged; expected a trace written by `quorumscope node --trace`
terminal-file_unreadable = { $path }: cannot be read: { $error }; check the path
terminal-file_not_regular = { $path }: is not a file; expected a TOML scenario or a JSON node list
terminal-file_too_large = { $path }: has { $size } bytes, more than the limit of { $limit }; is it the right file?
terminal-file_not_text = { $path }: is not text: byte { $position } is not UTF-8; expected a TOML scenario or a JSON node list
terminal-file_error = { $path }: { $error }
terminal-file_is_folder = { $path }: is a folder; expected a file
terminal-file_without_name = { $path }: expected a file with a name

## Proposing
terminal-proposal_agreed = proposal { $nth } of { $origin }: agreed in slot { $slot }
terminal-proposal_rejected = proposal { $nth } of { $origin }: rejected, because it was not decided in time
terminal-proposal_pending = proposal { $nth } of { $origin }: pending
terminal-note_undecided = proposal { $nth } of { $origin }: still pending after { $waited_ms } ms
terminal-file_undecided = proposal { $nth } of { $origin }: still pending after { $waited_ms } ms; nodes that already have the file vote against it
terminal-backed_up = backed up at { $node }
terminal-backups_missing = not yet backed up at { $nodes }
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
terminal-frame_costs_title = Frame benchmark
terminal-frame_costs_description = A synthetic network with steady traffic.
terminal-frame_costs_mode = mode
terminal-frame_costs_cpu = CPU ms/frame
terminal-frame_costs_app = app ms/frame
terminal-frame_costs_fps = fps
terminal-frame_costs_share = share of a core
terminal-frame_costs_propose_nothing = { $path }: no files are proposed while measuring
