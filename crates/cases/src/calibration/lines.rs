//! A calibration in lines, as it is printed and as the dashboard shows it.

use rollcall_core::calibration::{at_most, rounded};
use rollcall_messages::{Message, decimal};
use rollcall_protocol::PageLine;

use super::Report;
use crate::say;

/// Least and most similar that the chart shows, and the height of one row.
const CHART: (f32, f32, f32) = (-0.2, 1.0, 0.05);

/// Cells of the longest bar.
const BAR: usize = 28;

/// What the bars of one person are made of. Whoever draws them has other marks where these
/// cannot be shown.
const OWN: &str = "█";

/// Those of two people.
const OTHERS: &str = "░";

/// And the line at the threshold.
const RULE: &str = "─";

/// The report in lines, as it is printed and as the dashboard shows it.
pub fn lines(report: &Report) -> Vec<PageLine> {
    let mut lines = vec![words(say::calibration_head(
        report.people,
        report.templates,
        decimal(report.threshold, 3),
    ))];
    lines.push(words(Message::default()));
    lines.extend(chart(report));
    lines.push(words(Message::default()));
    lines.extend(false_matches(report).into_iter().map(words));
    lines.push(words(match report.refused_share {
        Some(share) => say::calibration_refused(decimal(share * 100.0, 1)),
        None => say::REFUSALS_NOT_KNOWN.into(),
    }));
    for pair in &report.lookalikes {
        lines.push(words(say::calibration_look_alike(
            &pair.one,
            &pair.other,
            decimal(pair.similarity, 2),
        )));
    }
    lines.push(words(
        match (report.proposed_threshold, report.proposed_setting) {
            (Some(threshold), Some(setting)) => {
                let looks = decimal(1.0 / report.wished_rate, 0);
                let (similarity, setting) = (decimal(threshold, 3), setting.to_string());
                let refused = report.refused_share_then.unwrap_or_default() * 100.0;
                match report.refused_share_then {
                    Some(_) => {
                        say::proposed_with_refusals(looks, similarity, setting, decimal(refused, 1))
                    }
                    None => say::proposed(looks, similarity, setting),
                }
            }
            _ => say::NONE_SIMILAR_ENOUGH.into(),
        },
    ));
    lines
}

fn words(words: Message) -> PageLine {
    PageLine {
        health: None,
        term: Message::default(),
        words,
        is_drawn: false,
    }
}

/// The expected false names in a sentence, and where it comes from.
fn false_matches(report: &Report) -> Vec<Message> {
    let people = report.people;
    let mut said = vec![match (report.days_to_a_false_match, report.looks_a_day) {
        (Some(days), Some(looks)) => {
            say::expected_false_names(period(days), people, decimal(looks, 0), report.days_counted)
        }
        _ => say::expected_false_names_uncounted(
            decimal(rounded(1.0 / report.false_match_rate), 0),
            people,
        ),
    }];
    said.push(if report.from_own_people {
        say::FROM_OWN_PEOPLE.into()
    } else {
        say::FROM_STRANGERS.into()
    });
    match (report.strangers.len(), report.strangers_above_threshold) {
        (0, _) => {}
        (all, 0) => said.push(say::strangers_none_reach(
            all,
            decimal(at_most(all) * 100.0, 1),
        )),
        (all, some) => said.push(say::strangers_reach(some, all)),
    }
    said
}

fn period(days: f64) -> Message {
    if days >= 3650.0 {
        say::period_years(rounded(days / 365.0) as u64)
    } else {
        say::period_days(rounded(days) as u64)
    }
}

/// Both distributions side by side, and where the threshold lies.
fn chart(report: &Report) -> Vec<PageLine> {
    let (low, high, step) = CHART;
    let rows = ((high - low) / step).round() as usize;
    let bins = |values: &[f32]| -> Vec<usize> {
        let mut bins = vec![0; rows];
        for value in values {
            let bin = ((value - low) / step).max(0.0) as usize;
            bins[bin.min(rows - 1)] += 1;
        }
        bins
    };
    let (genuine, impostor) = (bins(&report.genuine), bins(&report.impostor));
    let most = |bins: &[usize]| bins.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: usize, most: usize, mark: &str| mark.repeat((count * BAR).div_ceil(most));
    let drawn = |term: Message, words: Message| PageLine {
        health: None,
        term,
        words,
        is_drawn: true,
    };
    let mut lines = vec![drawn(
        say::SIMILARITY_LABEL.into(),
        say::chart_legend(report.impostor.len(), report.genuine.len()),
    )];
    for row in 0..rows {
        let from = low + row as f32 * step;
        if (from..from + step).contains(&report.threshold) {
            let rule = RULE.repeat(2 * BAR);
            let threshold = format!("{:.3}", report.threshold);
            lines.push(drawn(Message::verbatim(threshold), Message::verbatim(rule)));
        }
        if genuine[row] + impostor[row] == 0 {
            continue;
        }
        let left = bar(impostor[row], most(&impostor), OTHERS);
        let right = bar(genuine[row], most(&genuine), OWN);
        let bars = format!("{left:<BAR$} {right}");
        let from = Message::verbatim(format!("{from:.2}"));
        lines.push(drawn(from, Message::verbatim(bars)));
    }
    lines
}

/// The same characters for a terminal that has ASCII only.
pub fn in_ascii(words: &str) -> String {
    let marks = [(OWN, "#"), (OTHERS, "."), (RULE, "-")];
    marks.iter().fold(words.to_owned(), |words, (mark, ascii)| {
        words.replace(mark, ascii)
    })
}
