//! Why each face in sight has its name or none.

use crate::say;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};
use rollcall_messages::decimal;

use super::overlay::verdict_style;
use super::panel;
use crate::View;
use crate::theme::Theme;
use rollcall_core::consensus::Verdict;
use rollcall_core::liveness::Liveness;
use rollcall_core::person::PersonName;
use rollcall_core::station::{Explanation, PunchState};

/// The panel with its frame.
pub(crate) struct Explain<'a>(pub(crate) View<'a>);

impl Widget for &Explain<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let View { station, theme, .. } = self.0;
        Clear.render(area, buf);
        let block = panel(theme, theme.t(say::HINT_WHY));
        let inner = block.inner(area);
        block.render(area, buf);
        let width = usize::from(inner.width);
        let mut lines: Vec<Line<'static>> = Vec::new();
        let explanations = &station.sight.explanations;
        if explanations.is_empty() {
            lines.push(Line::styled(
                theme.fit(theme.t(say::EXPLAIN_NOBODY), width),
                theme.dim(),
            ));
        }
        for explanation in explanations {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            let style = verdict_style(explanation.verdict, theme);
            lines.push(Line::styled(
                theme.fit(&heading(theme, explanation), width),
                style,
            ));
            for words in details(theme, explanation) {
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

fn heading(theme: Theme, explanation: &Explanation) -> String {
    let who = match (explanation.verdict, &explanation.best) {
        (Verdict::Known(_), Some((best, _))) => best.to_string(),
        (Verdict::Known(_), None) => theme.t(say::EXPLAIN_SOMEBODY).to_owned(),
        (Verdict::Unknown, _) => theme.t(say::UNKNOWN).to_owned(),
        (Verdict::Deciding, _) => theme.t(say::EXPLAIN_NOT_SURE).to_owned(),
    };
    theme.say(&say::explain_face(explanation.track.0, &who))
}

fn details(theme: Theme, explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((best, similarity)) = &explanation.best {
        let asked = explanation.judgement.map_or_else(String::new, |j| {
            theme.say(&say::explain_asked_for(j.threshold))
        });
        lines.push(theme.say(&say::explain_best(best, similarity, &asked)));
    }
    if let (Some((other, similarity)), Some(judgement)) =
        (&explanation.runner_up, explanation.judgement)
    {
        let margin = judgement.candidate.and_then(|c| c.margin()).unwrap_or(0.0);
        lines.push(theme.say(&say::explain_next(
            other,
            similarity,
            decimal(margin, 2),
            decimal(judgement.min_margin, 2),
        )));
    }
    if let Some(doubt) = explanation.judgement.and_then(|j| j.doubt) {
        lines.push(theme.say(&say::explain_latest_look(theme.sentence(&doubt))));
    }
    let votes: Vec<String> = explanation
        .votes
        .iter()
        .map(|(person, votes, share)| {
            let who = person
                .as_ref()
                .map_or(theme.t(say::NOBODY), PersonName::as_str);
            let share = format!("{:.0}", 100.0 * share);
            theme.say(&say::explain_votes_for(votes, who, &share))
        })
        .collect();
    if !votes.is_empty() {
        let votes = votes.join(", ");
        lines.push(theme.say(&say::explain_votes(&votes, explanation.votes_needed)));
    }
    let q = &explanation.quality;
    let (whole, two) = (|v: f32| decimal(v, 0), |v: f32| decimal(v, 2));
    lines.push(theme.say(&say::explain_picture(
        whole(q.eye_distance),
        two(q.sharpness),
        whole(q.brightness),
        whole(q.contrast),
        two(q.turn),
        whole(q.tilt_degrees),
        two(q.detector_score),
    )));
    if let Some(issue) = explanation.issue {
        lines.push(theme.say(&say::explain_not_counted(theme.sentence(&issue))));
    }
    if let Some(score) = explanation.liveness_score {
        let verdict = match explanation.liveness {
            Liveness::Live => String::new(),
            Liveness::Deciding => theme.t(say::EXPLAIN_TOO_FEW_LOOKS).to_owned(),
            Liveness::Challenged(side) => {
                theme.say(&say::explain_turn_awaited(theme.sentence(&side)))
            }
            Liveness::Spoof(cue) => format!(": {}", theme.sentence(&cue)),
        };
        lines.push(theme.say(&say::explain_live(decimal(score, 2), &verdict)));
    }
    lines.push(match explanation.punch {
        PunchState::NoName => theme.t(say::EXPLAIN_NO_NAME).to_owned(),
        PunchState::Inactive => theme.t(say::EXPLAIN_INACTIVE).to_owned(),
        PunchState::UnderWay => theme.t(say::EXPLAIN_PUNCH_WRITTEN).to_owned(),
        PunchState::Cooldown { left } => theme.say(&say::explain_cooldown(left.as_secs())),
        PunchState::AlreadyPresent => theme.t(say::EXPLAIN_PRESENT).to_owned(),
        PunchState::Ready => theme.t(say::EXPLAIN_VISIT_PUNCHES).to_owned(),
    });
    lines
}
