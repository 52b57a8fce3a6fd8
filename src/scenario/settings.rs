//! Medium, timing, area and thresholds of a scenario file: validation and defaults.

use super::error::{InputError, SourceText};
use super::format::{
    AreaFormat, FileFormat, LinkFormat, MediumFormat, PolicyFormat, ThresholdFormat,
};
use super::names::NodeNames;
use crate::net::{Latency, LinkRule, MediumSpec};
use crate::node::{
    Application, Content, FileInfo, NodeSettings, Relaying, Threshold, is_well_formed,
};
use crate::scp::Value;
use crate::time::Span;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

/// Requirement on notes and values.
pub(super) const SHORT_TEXT: &str = "one line of 1 to 1000 bytes";
/// Longest time in a scenario: one day.
pub(super) const LONGEST_MS: u64 = 86_400_000;
/// Most slots of a `choice` scenario.
const SLOTS_MAX: u32 = 100_000;
/// Default relay interval. It is shorter than the default latency, so it adds little delay, and long enough that nodes
/// in a network of thousands relay dozens of messages together.
const RELAY_MS: u64 = 30;
/// Longest side of the area, in metres.
const LONGEST_M: f64 = 1_000_000.0;

/// The trust rule of nodes without a fixed quorum set.
#[derive(Clone, Copy, Debug)]
pub(super) struct TrustRule {
    pub(super) policy: PolicyFormat,
    pub(super) threshold: Threshold,
}

pub(super) fn threshold(
    text: SourceText<'_>,
    written: &Spanned<ThresholdFormat>,
) -> Result<Threshold, InputError> {
    let found = match written.get_ref() {
        ThresholdFormat::Count(0) => "0".to_owned(),
        ThresholdFormat::Count(count) => return Ok(Threshold::Count(*count)),
        ThresholdFormat::Name(name) => match name.as_str() {
            "2/3" => return Ok(Threshold::TwoThirds),
            "majority" => return Ok(Threshold::Majority),
            _ => format!("{name:?}"),
        },
    };
    Err(text.error(
        Some(written.span()),
        format!("threshold {found}, expected \"2/3\", \"majority\" or a number of nodes from 1"),
        "Write one of them.",
    ))
}

pub(super) fn check_area(
    text: SourceText<'_>,
    written: &Spanned<AreaFormat>,
) -> Result<(), InputError> {
    let area = written.get_ref();
    for (side, length) in [("width_m", area.width_m), ("height_m", area.height_m)] {
        if !(1.0..=LONGEST_M).contains(&length) {
            return Err(text.error(
                Some(written.span()),
                format!("[area] {side} is {length}, expected 1 to {LONGEST_M}"),
                "Correct the number.",
            ));
        }
    }
    Ok(())
}

/// Refuses positions outside the area.
pub(super) fn check_position(
    text: SourceText<'_>,
    span: Range<usize>,
    (width_m, height_m): (f64, f64),
    (x_m, y_m): (f64, f64),
) -> Result<(), InputError> {
    if (0.0..=width_m).contains(&x_m) && (0.0..=height_m).contains(&y_m) {
        return Ok(());
    }
    Err(text.error(
        Some(span),
        format!(
            "position [{x_m}, {y_m}] lies outside the area, expected [0, 0] to [{width_m}, {height_m}]"
        ),
        "Correct the numbers, or enlarge the area.",
    ))
}

fn check_file(text: SourceText<'_>, written: &Spanned<FileInfo>) -> Result<(), InputError> {
    let file = written.get_ref();
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let problem = if file.sha256.len() != 64 || !file.sha256.chars().all(hex) {
        "expected `sha256` to be 64 lower-case hexadecimal digits"
    } else if !is_well_formed(&Content::File(file.clone())) {
        "expected a plain file name without any folder"
    } else {
        return Ok(());
    };
    Err(text.error(
        Some(written.span()),
        format!("[[files]] {:?}: {problem}", file.name),
        "Correct it.",
    ))
}

/// Refuses duplicate file names, because references would be ambiguous.
pub(super) fn check_files(
    text: SourceText<'_>,
    files: &[Spanned<FileInfo>],
) -> Result<(), InputError> {
    let mut names = BTreeSet::new();
    for written in files {
        check_file(text, written)?;
        let file = written.get_ref();
        if !names.insert(&file.name) {
            return Err(text.error(
                Some(written.span()),
                format!(
                    "[[files]] {:?} occurs twice, expected different names",
                    file.name
                ),
                "Rename one of them.",
            ));
        }
    }
    Ok(())
}

/// Refuses values that nodes consider invalid.
pub(super) fn check_value(
    text: SourceText<'_>,
    span: Range<usize>,
    value: &str,
) -> Result<(), InputError> {
    let is_fine =
        is_well_formed(&Content::Choice(Value::from(value))) && !value.contains(char::is_control);
    if is_fine {
        return Ok(());
    }
    Err(text.error(
        Some(span),
        format!("no node would vote for this value, expected {SHORT_TEXT}"),
        "Change it.",
    ))
}

/// The settings of nodes. `discovering` is set if they find each other instead of starting with addresses.
pub(super) fn node_settings(
    text: SourceText<'_>,
    file: &FileFormat,
    count: usize,
    discovering: bool,
) -> Result<Arc<NodeSettings>, InputError> {
    let timing = &file.timing;
    let interval = |written: &Option<Spanned<u64>>, default_ms: u64| match written {
        None => Ok(Span::from_ms(default_ms)),
        Some(ms) if (1..=LONGEST_MS).contains(ms.get_ref()) => Ok(Span::from_ms(*ms.get_ref())),
        Some(ms) => Err(text.error(
            Some(ms.span()),
            format!("{} ms, expected 1 to {LONGEST_MS}", ms.get_ref()),
            "Correct the number.",
        )),
    };
    let choice_slots = match &timing.choice_slots {
        None => 1,
        Some(slots)
            if (1..=SLOTS_MAX).contains(slots.get_ref())
                && file.application == Application::Choice =>
        {
            *slots.get_ref()
        }
        Some(slots) => {
            return Err(text.error(
                Some(slots.span()),
                format!(
                    "expected `choice_slots` to be 1 to {SLOTS_MAX}, and only with the application \"choice\""
                ),
                "Correct or remove it.",
            ));
        }
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Arc::new(NodeSettings {
        application: file.application,
        min_nodes: timing.min_nodes.unwrap_or(4).clamp(1, count),
        settle: match &timing.settle_ms {
            Some(ms) if *ms.get_ref() == 0 => Span::ZERO,
            written => interval(written, if discovering { 1500 } else { 0 })?,
        },
        refresh: interval(&timing.refresh_ms, 30_000)?,
        announce: interval(&timing.announce_ms, 10_000)?,
        resend: interval(&timing.resend_ms, 3_000)?,
        proposal_ttl: interval(&timing.proposal_ttl_ms, 60_000)?,
        admission: None,
        forget_after: match &timing.forget_after_ms {
            None => None,
            written => Some(interval(written, 0)?),
        },
        relaying: file.medium.relaying.unwrap_or(match file.radio {
            Some(_) => Relaying::Flood,
            None => Relaying::Direct,
        }),
        relay_interval: match &timing.relay_ms {
            Some(ms) if *ms.get_ref() == 0 => Span::ZERO,
            written => interval(written, RELAY_MS)?,
        },
        choice_slots,
    }))
}

pub(super) fn medium(
    text: SourceText<'_>,
    medium: &MediumFormat,
    names: &NodeNames,
    radio_range_m: Option<f64>,
) -> Result<MediumSpec, InputError> {
    let loss = *medium.loss.get_ref();
    if !(0.0..=1.0).contains(&loss) {
        return Err(text.error(
            Some(medium.loss.span()),
            format!("a loss of {loss}, expected a probability from 0.0 to 1.0"),
            "Correct the number.",
        ));
    }
    let rule = |link: &LinkFormat| -> Result<LinkRule, InputError> {
        Ok(LinkRule {
            from: names.find_all(text, &link.from)?,
            to: names.find_all(text, &link.to)?,
            latency: latency(text, &link.latency_ms)?,
        })
    };
    Ok(MediumSpec {
        latency: latency(text, &medium.latency_ms)?,
        loss,
        radio_range_m,
        links: medium.links.iter().map(rule).collect::<Result<_, _>>()?,
    })
}

fn latency(text: SourceText<'_>, written: &Spanned<(u64, u64)>) -> Result<Latency, InputError> {
    let (min, max) = *written.get_ref();
    if min > max || max > LONGEST_MS {
        return Err(text.error(
            Some(written.span()),
            format!("latency [{min}, {max}], expected [shortest, longest] in milliseconds, at most {LONGEST_MS}"),
            "Correct the numbers.",
        ));
    }
    Ok(Latency {
        min: Span::from_ms(min),
        max: Span::from_ms(max),
    })
}

/// The radio range for `count` nodes. Beyond `range_shrinks_above` nodes it shrinks so that the mean number of neighbours,
/// which is proportional to the count and to the square of the range, stays constant.
pub(super) fn radio_range(
    text: SourceText<'_>,
    file: &FileFormat,
    count: usize,
) -> Result<Option<f64>, InputError> {
    let Some(radio) = &file.radio else {
        return Ok(None);
    };
    let range_m = *radio.range_m.get_ref();
    if !(0.1..=LONGEST_M).contains(&range_m) {
        return Err(text.error(
            Some(radio.range_m.span()),
            format!("a range of {range_m} m, expected 0.1 to {LONGEST_M}"),
            "Correct the number.",
        ));
    }
    Ok(Some(match radio.range_shrinks_above {
        Some(limit) if count > limit => range_m * (limit as f64 / count as f64).sqrt(),
        _ => range_m,
    }))
}
