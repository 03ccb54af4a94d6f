//! A calibration in lines, as it is printed and as the dashboard shows it.

use rollcall_core::calibration::{at_most, rounded};
use rollcall_protocol::PageLine;

use super::Report;

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
    let mut lines = vec![words(format!(
        "{} people, {} templates; similarity asked for: {:.3}",
        report.people, report.templates, report.threshold
    ))];
    lines.push(words(String::new()));
    lines.extend(chart(report));
    lines.push(words(String::new()));
    lines.extend(false_matches(report).into_iter().map(words));
    lines.push(words(match report.refused_share {
        Some(share) => format!(
            "Of looks at people who are enrolled about {:.1} % are refused; the next look may do.",
            share * 100.0
        ),
        None => {
            "How many looks at enrolled people are refused is not known: nobody has two samples."
                .to_owned()
        }
    }));
    for pair in &report.lookalikes {
        lines.push(words(format!(
            "Look alike: {} and {}, {:.2}. They need twice the margin.",
            pair.one, pair.other, pair.similarity
        )));
    }
    lines.push(words(
        match (report.proposed_threshold, report.proposed_setting) {
            (Some(threshold), Some(setting)) => {
                let rate = 1.0 / report.wished_rate;
                let refused = report.refused_share_then.unwrap_or_default() * 100.0;
                match report.refused_share_then {
                    Some(_) => format!(
                        "For one false name in {rate:.0} looks of strangers: similarity {threshold:.3} \
                         (recognition.threshold = {setting}), at which {refused:.1} % of looks would be refused."
                    ),
                    None => format!(
                        "For one false name in {rate:.0} looks of strangers: similarity {threshold:.3} \
                         (recognition.threshold = {setting})."
                    ),
                }
            }
            _ => "No similarity is high enough for the wished rate.".to_owned(),
        },
    ));
    lines
}

fn words(words: String) -> PageLine {
    PageLine {
        health: None,
        term: String::new(),
        words,
        is_drawn: false,
    }
}

/// The expected false names in a sentence, and where it comes from.
fn false_matches(report: &Report) -> Vec<String> {
    let people = report.people;
    let mut said = vec![match (report.days_to_a_false_match, report.looks_a_day) {
        (Some(days), Some(looks)) => format!(
            "Expected false names: one per {} with your {people} people, if all of {looks:.0} looks a day \
             (counted on {} days) were strangers'.",
            period(days),
            report.days_counted
        ),
        _ => format!(
            "Expected false names: one in {:.0} looks of strangers with your {people} people; no looks \
             were counted yet.",
            rounded(1.0 / report.false_match_rate),
        ),
    }];
    said.push(
        if report.from_own_people {
            "That is from how alike your own people are, and never better than strangers' pictures in general; it is for a single look, and a name needs several that agree."
                .to_owned()
        } else {
            "That is from strangers' pictures in general; ten people are needed to tell how alike yours are; it is for a single look, and a name needs several that agree."
                .to_owned()
        },
    );
    match (report.strangers.len(), report.strangers_above_threshold) {
        (0, _) => {}
        (all, 0) => said.push(format!(
            "Of {all} faces without a name that are kept none reaches it, which by itself only \
             says: at most {:.1} %.",
            at_most(all) * 100.0
        )),
        (all, some) => said.push(format!(
            "{some} of {all} faces without a name that are kept reach it now: see `rollcall \
             review list`."
        )),
    }
    said
}

fn period(days: f64) -> String {
    if days >= 3650.0 {
        format!("{:.0} years", rounded(days / 365.0))
    } else {
        format!("{:.0} days", rounded(days))
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
    let drawn = |term: String, words: String| PageLine {
        health: None,
        term,
        words,
        is_drawn: true,
    };
    let mut lines = vec![drawn(
        "similarity".to_owned(),
        format!(
            "two people ({} pairs), one person ({} pictures)",
            report.impostor.len(),
            report.genuine.len()
        ),
    )];
    for row in 0..rows {
        let from = low + row as f32 * step;
        if (from..from + step).contains(&report.threshold) {
            let rule = RULE.repeat(2 * BAR);
            lines.push(drawn(format!("{:.3}", report.threshold), rule));
        }
        if genuine[row] + impostor[row] == 0 {
            continue;
        }
        let left = bar(impostor[row], most(&impostor), OTHERS);
        let right = bar(genuine[row], most(&genuine), OWN);
        lines.push(drawn(format!("{from:.2}"), format!("{left:<BAR$} {right}")));
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
