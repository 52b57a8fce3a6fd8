//! Exponential backoff of re-sending: after 1, 2, 4 and 8 ticks of the re-send timer, then every 8 ticks.

/// The maximum number of ticks between two repetitions.
const TICKS_BETWEEN_MAX: u32 = 8;
/// From this tick on a node repeats proposals of other nodes, because their origin may have failed. Earlier, only the
/// origin repeats them.
const OTHERS_FROM_TICK: u32 = 4;

/// Whether a node re-sends at its n-th tick.
pub(super) fn is_resend_tick(tick: u32) -> bool {
    tick.is_power_of_two() && tick <= TICKS_BETWEEN_MAX || tick.is_multiple_of(TICKS_BETWEEN_MAX)
}

/// Whether a proposal is re-sent at its n-th tick. `is_own`: this node is its origin.
pub(super) fn is_proposal_due(tick: u32, is_own: bool) -> bool {
    is_resend_tick(tick) && (is_own || tick >= OTHERS_FROM_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_back_off_to_every_eighth_tick() {
        let due: Vec<u32> = (1..=33).filter(|&tick| is_resend_tick(tick)).collect();
        assert_eq!(due, [1, 2, 4, 8, 16, 24, 32]);
        let of_others: Vec<u32> = (1..=17).filter(|&n| is_proposal_due(n, false)).collect();
        assert_eq!(of_others, [4, 8, 16]);
    }
}
