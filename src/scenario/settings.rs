//! Numbers of a scenario file: medium, timing, area, thresholds; checked and given their defaults.

use super::error::{InputError, Text};
use super::format::{
    AreaFormat, FileFormat, LinkFormat, MediumFormat, PolicyFormat, ThresholdFormat,
};
use super::names::Names;
use crate::net::{Latency, LinkRule, MediumSpec};
use crate::node::{Application, FileInfo, NodeSettings, Relaying, Threshold};
use crate::time::Span;
use std::sync::Arc;
use toml::Spanned;

/// Longest time that a scenario may ask for: a day.
const LONGEST_MS: u64 = 86_400_000;
/// Longest side of the area.
const LONGEST_M: f64 = 1_000_000.0;

/// The rule by which nodes without a quorum set of their own trust.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trust {
    pub(super) policy: PolicyFormat,
    pub(super) threshold: Threshold,
}

pub(super) fn threshold(
    text: Text<'_>,
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

pub(super) fn check_area(text: Text<'_>, area: &AreaFormat) -> Result<(), InputError> {
    for (side, length) in [("width_m", area.width_m), ("height_m", area.height_m)] {
        if !(1.0..=LONGEST_M).contains(&length) {
            return Err(text.error(
                None,
                format!("[area] {side} is {length}, expected 1 to {LONGEST_M}"),
                "Correct the number.",
            ));
        }
    }
    Ok(())
}

pub(super) fn check_file(text: Text<'_>, file: &FileInfo) -> Result<(), InputError> {
    let plain = !file.name.is_empty() && !file.name.contains(['/', '\\']);
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let problem = if !plain {
        "expected a plain file name without any folder"
    } else if file.sha256.len() != 64 || !file.sha256.chars().all(hex) {
        "expected `sha256` to be 64 lower-case hexadecimal digits"
    } else {
        return Ok(());
    };
    Err(text.error(
        None,
        format!("[[files]] {:?}: {problem}", file.name),
        "Correct it.",
    ))
}

/// The settings of nodes; `discovering` if they find each other instead of knowing each other from the start.
pub(super) fn node_settings(
    text: Text<'_>,
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
        Some(slots) if *slots.get_ref() > 0 && file.application == Application::Choice => {
            *slots.get_ref()
        }
        Some(slots) => {
            return Err(text.error(
                Some(slots.span()),
                "expected `choice_slots` to be 1 or more, and only with the application \"choice\"",
                "Correct or remove it.",
            ));
        }
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Arc::new(NodeSettings {
        application: file.application,
        min_nodes: timing.min_nodes.unwrap_or(4).clamp(1, count),
        settle: Span::from_ms(
            timing
                .settle_ms
                .unwrap_or(if discovering { 1500 } else { 0 }),
        ),
        refresh: interval(&timing.refresh_ms, 30_000)?,
        announce: interval(&timing.announce_ms, 10_000)?,
        resend: interval(&timing.resend_ms, 3_000)?,
        proposal_ttl: interval(&timing.proposal_ttl_ms, 60_000)?,
        forget_after: match &timing.forget_after_ms {
            None => None,
            written => Some(interval(written, 0)?),
        },
        relaying: file.medium.relaying.unwrap_or(match file.radio {
            Some(_) => Relaying::Flood,
            None => Relaying::Direct,
        }),
        choice_slots,
    }))
}

pub(super) fn medium(
    text: Text<'_>,
    medium: &MediumFormat,
    names: &Names,
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

fn latency(text: Text<'_>, written: &Spanned<(u64, u64)>) -> Result<Latency, InputError> {
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

/// The radio range of `count` nodes: as written, or shrunk so that the mean number of neighbours stays what it is with
/// `range_shrinks_above` nodes. (That number grows with the count and with the square of the range.)
pub(super) fn radio_range(
    text: Text<'_>,
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
