//! Why each face in sight has its name or none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::overlay::verdict_style;
use super::panel;
use crate::core::consensus::Verdict;
use crate::core::liveness::Liveness;
use crate::core::person::Person;
use crate::core::station::{Explanation, PunchState};
use crate::ui::View;

/// The panel with its frame.
pub(crate) struct Explain<'a>(pub(crate) View<'a>);

impl Widget for &Explain<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View {
            station,
            theme,
            status,
            ..
        } = self.0;
        Clear.render(area, buf);
        let block = panel(theme, "why");
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        let mut lines: Vec<Line<'static>> = Vec::new();
        let explanations = station.explain(&status.now);
        if explanations.is_empty() {
            lines.push(Line::styled(
                theme.fit("nobody is in sight", width),
                theme.dim(),
            ));
        }
        for explanation in &explanations {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            let style = verdict_style(explanation.verdict, theme);
            lines.push(Line::styled(theme.fit(&heading(explanation), width), style));
            for words in details(explanation) {
                for (index, line) in theme
                    .wrap(&words, width.saturating_sub(4))
                    .into_iter()
                    .enumerate()
                {
                    let indent = if index == 0 { "  " } else { "    " };
                    lines.push(Line::raw(format!("{indent}{line}")));
                }
            }
        }
        for (y, line) in (inner.y..inner.bottom()).zip(&lines) {
            buf.set_line(inner.x, y, line, inner.width);
        }
    }
}

fn name(person: &Person) -> &str {
    person.name.as_str()
}

fn heading(explanation: &Explanation<'_>) -> String {
    let who = match (explanation.verdict, explanation.best) {
        (Verdict::Known(_), Some((best, _))) => name(best).to_owned(),
        (Verdict::Known(_), None) => "somebody".to_owned(),
        (Verdict::Unknown, _) => "unknown".to_owned(),
        (Verdict::Deciding, _) => "not sure yet".to_owned(),
    };
    format!("face {}: {who}", explanation.track.0)
}

fn details(explanation: &Explanation<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((best, similarity)) = explanation.best {
        let asked = explanation
            .judgement
            .map_or_else(String::new, |j| format!(", {} is asked for", j.threshold));
        lines.push(format!("best {} {similarity}{asked}", name(best)));
    }
    if let (Some((other, similarity)), Some(judgement)) =
        (explanation.runner_up, explanation.judgement)
    {
        let margin = judgement.candidate.and_then(|c| c.margin()).unwrap_or(0.0);
        lines.push(format!(
            "next {} {similarity}, margin {margin:.2}, {:.2} is asked for",
            name(other),
            judgement.min_margin
        ));
    }
    if let Some(doubt) = explanation.judgement.and_then(|j| j.doubt) {
        lines.push(format!("latest look: {doubt}"));
    }
    let votes: Vec<String> = explanation
        .votes
        .iter()
        .map(|(person, votes, share)| {
            let who = person.map_or("nobody", name);
            format!("{votes} for {who} ({:.0} %)", 100.0 * share)
        })
        .collect();
    if !votes.is_empty() {
        let votes = votes.join(", ");
        lines.push(format!(
            "votes: {votes}; {} are needed",
            explanation.votes_needed
        ));
    }
    let q = &explanation.quality;
    lines.push(format!(
        "picture: {:.0} px between the eyes, sharpness {:.2}, light {:.0}, contrast {:.0}, \
         turn {:.2}, tilt {:.0}°, detector {:.2}",
        q.eye_distance,
        q.sharpness,
        q.brightness,
        q.contrast,
        q.turn,
        q.tilt_degrees,
        q.detector_score
    ));
    if let Some(issue) = explanation.issue {
        lines.push(format!("does not count: {issue}"));
    }
    if let Some(score) = explanation.liveness_score {
        let verdict = match explanation.liveness {
            Liveness::Live => String::new(),
            Liveness::Deciding => ", not enough looks yet".to_owned(),
            Liveness::Challenged(side) => format!(", waiting for a turn to the {side}"),
            Liveness::Spoof(cue) => format!(": {cue}"),
        };
        lines.push(format!("live {score:.2}{verdict}"));
    }
    lines.push(match explanation.punch {
        PunchState::NoName => "no punch without a name".to_owned(),
        PunchState::Inactive => "no punch: the person is not active".to_owned(),
        PunchState::UnderWay => "a punch is being written".to_owned(),
        PunchState::Cooldown { left } => {
            format!("no punch for another {} s: cooldown", left.as_secs())
        }
        PunchState::AlreadyPresent => "present already, no further punch today".to_owned(),
        PunchState::Ready => "a visit that has not punched yet punches now".to_owned(),
    });
    lines
}
