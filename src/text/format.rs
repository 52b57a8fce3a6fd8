//! Number, time, duration and list formatting, with the units and separators of the language.

use super::catalogue::{Argument, messages};
use crate::scp::Counter;
use crate::time::{Span, Time};
use fluent_bundle::FluentValue;

messages! { "unit":
    /// Separates the whole part of a number from the decimals.
    fn decimal_point();
    /// Separates groups of three digits; the catalogue uses it for every number.
    #[allow(dead_code)]
    fn thousands_separator();
    #[cfg_attr(not(feature = "window"), allow(dead_code))]
    fn percent(number: &str);
    #[cfg_attr(not(feature = "window"), allow(dead_code))]
    fn speed_multiple(factor: u32);
    #[cfg_attr(not(feature = "window"), allow(dead_code))]
    fn speed_fraction(divisor: u32);
    fn clock(hours: u64, minutes: &str, seconds: &str);
    fn milliseconds(milliseconds: &str);
    fn seconds(seconds: &str);
    fn minutes(minutes: u64);
    fn hours(hours_minutes: &str);
    fn nodes(count: usize);
    fn share(part: usize, whole: usize);
    fn list_pair(first: &str, second: &str);
    #[cfg_attr(not(feature = "window"), allow(dead_code))]
    fn list_facts(first: &str, second: &str);
    fn list_more(items: &str, count: usize);
    fn values_pair(first: &str, second: &str);
    fn values_more(values: &str, count: usize);
    fn no_new_proposals();
    fn ballot(counter: Counter, value: &str);
    fn every_ballot(value: &str);
}

/// An instant with milliseconds.
impl Argument for Time {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(instant(*self))
    }
}

/// The first names of a list and the number of the others; empty for an empty list.
pub(crate) fn list(names: impl ExactSizeIterator<Item = String>, named_max: usize) -> String {
    let more = names.len().saturating_sub(named_max);
    let named = names
        .take(named_max)
        .reduce(|items, next| list_pair(&items, &next))
        .unwrap_or_default();
    if more > 0 {
        list_more(&named, more)
    } else {
        named
    }
}

/// Facts about one thing, side by side.
#[must_use]
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) fn facts<'a>(facts: impl Iterator<Item = &'a str>) -> String {
    facts
        .map(str::to_owned)
        .reduce(|facts, next| list_facts(&facts, &next))
        .unwrap_or_default()
}

/// A number with decimals.
#[must_use]
pub(crate) fn decimal(number: f64, decimals: usize) -> String {
    format!("{number:.decimals$}").replace('.', decimal_point())
}

/// Virtual time in seconds with one decimal.
#[must_use]
pub(crate) fn time(at: Time) -> String {
    seconds(&decimal(at.as_ms() / 1000.0, 1))
}

/// Two to the power of `power` as a multiple of speed 1.
#[must_use]
#[cfg_attr(not(feature = "window"), allow(dead_code))]
pub(crate) fn speed(power: i32) -> String {
    let factor = 1u32 << power.unsigned_abs();
    match power {
        0.. => speed_multiple(factor),
        _ => speed_fraction(factor),
    }
}

/// A duration with two or three significant digits, in milliseconds below a second.
#[must_use]
pub(crate) fn duration(span: Span) -> String {
    match span.as_ms() {
        short if short < 1000.0 => milliseconds(&decimal(short, 0)),
        long => seconds(&decimal(long / 1000.0, 1)),
    }
}

/// An instant to the millisecond: in seconds below an hour, otherwise in hours, minutes and seconds.
#[must_use]
pub(crate) fn instant(at: Time) -> String {
    let (s, ms) = (at.0 / 1_000_000, at.0 / 1_000 % 1_000);
    match s {
        3_600.. => clock_time(s, &format!("{}{ms:03}", decimal_point())),
        _ => seconds(&format!("{s}{}{ms:03}", decimal_point())),
    }
}

/// An instant of `s` seconds in hours, minutes and seconds, with the decimals of the second.
fn clock_time(s: u64, decimals: &str) -> String {
    let seconds = format!("{:02}{decimals}", s % 60);
    clock(s / 3_600, &format!("{:02}", s / 60 % 60), &seconds)
}

/// An instant at a mark of the time axis, where marks are `step_us` microseconds apart.
#[must_use]
pub(crate) fn axis_mark(at: Time, step_us: u64) -> String {
    let s = at.0 / 1_000_000;
    match step_us {
        60_000_000.. if s >= 3_600 => hours(&format!("{}:{:02}", s / 3_600, s / 60 % 60)),
        60_000_000.. => minutes(s / 60),
        1_000_000.. if s >= 3_600 => clock_time(s, ""),
        1_000_000.. => seconds(&s.to_string()),
        _ => {
            let decimals = (6 - step_us.max(1).ilog10()) as usize;
            let fraction = format!("{:06}", at.0 % 1_000_000);
            let fraction = fraction.get(..decimals.min(6)).unwrap_or_default();
            seconds(&format!("{s}{}{fraction}", decimal_point()))
        }
    }
}

/// The length of an interval. The shorter it is, the more decimals it has.
pub(super) fn interval_length(span: Span) -> String {
    match span.0 {
        us @ 10_000_000.. => seconds(&decimal(us as f64 / 1e6, 1)),
        us @ 1_000_000.. => seconds(&decimal(us as f64 / 1e6, 2)),
        us @ 10_000.. => milliseconds(&(us / 1_000).to_string()),
        us => milliseconds(&decimal(us as f64 / 1e3, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_multiples_or_fractions() {
        assert_eq!([-4, 0, 8].map(speed), ["1/16×", "1×", "256×"]);
    }

    #[test]
    fn shares_have_thousands_separators() {
        assert_eq!(share(1_200, 3_000), "1,200 of 3,000");
    }

    #[test]
    fn counts_select_the_plural_form() {
        assert_eq!(
            [nodes(0), nodes(1), nodes(1200)],
            ["0 nodes", "1 node", "1,200 nodes"]
        );
    }

    #[test]
    fn lists_name_the_first_and_count_the_others() {
        let names = |count: usize| {
            (0..count)
                .map(|n| format!("n{n}"))
                .collect::<Vec<_>>()
                .into_iter()
        };
        assert_eq!(list(names(0), 3), "");
        assert_eq!(list(names(1), 3), "n0");
        assert_eq!(list(names(3), 3), "n0, n1, n2");
        assert_eq!(list(names(9), 3), "n0, n1, n2, 6 more");
    }

    #[test]
    fn axis_marks_have_as_many_decimals_as_they_need() {
        for (at_us, step_us, text) in [
            (0, 1_000_000, "0 s"),
            (65_000_000, 5_000_000, "65 s"),
            (1_500_000, 500_000, "1.5 s"),
            (1_250_000, 50_000, "1.25 s"),
            (1_250_000, 1_000, "1.250 s"),
            (1_250_040, 20, "1.25004 s"),
            (120_000_000, 60_000_000, "2 min"),
            (7_500_000_000, 300_000_000, "2:05 h"),
            (3_661_000_000, 1_000_000, "1:01:01"),
        ] {
            assert_eq!(axis_mark(Time(at_us), step_us), text);
        }
    }

    #[test]
    fn instants_have_milliseconds() {
        assert_eq!(instant(Time(12_345_678)), "12.345 s");
        assert_eq!(instant(Time(3_723_004_000)), "1:02:03.004");
    }

    #[test]
    fn short_durations_are_in_milliseconds() {
        for (us, text) in [
            (250_000, "250 ms"),
            (999_000, "999 ms"),
            (1_500_000, "1.5 s"),
            (90_000_000, "90.0 s"),
        ] {
            assert_eq!(duration(Span(us)), text);
        }
    }
}
