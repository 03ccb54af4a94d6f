//! `rollcall doctor`: what works, what does not, and what to do about it.

use std::io::IsTerminal;

use anyhow::Result;

use super::Context;
use super::table::print_json;
use crate::cases::doctor::{Finding, Verdict, examine};
use crate::cli::{JsonArgs, Outcome};
use crate::ui::{Charset, ColourDepth};

/// Runs the command: "no" if something is bad.
pub(super) fn run(args: JsonArgs, context: &Context) -> Result<Outcome> {
    let mut findings = examine(context);
    // The clock comes last; the terminal is whoever's who asks, not the station's.
    findings.insert(findings.len() - 1, terminal());
    if args.json {
        print_json(&findings)?;
    } else {
        for finding in &findings {
            let mark = match finding.verdict {
                Verdict::Ok => "ok   ",
                Verdict::Warning => "WARN ",
                Verdict::Bad => "BAD  ",
            };
            println!("{mark} {:9} {}", finding.what, finding.detail);
        }
    }
    let bad = findings.iter().any(|f| f.verdict == Verdict::Bad);
    Ok(if bad { Outcome::No } else { Outcome::Done })
}

fn terminal() -> Finding {
    let environment = |name: &str| std::env::var(name).ok();
    if !std::io::stdout().is_terminal() {
        let detail = "standard output is none; the dashboard needs one, run --headless does not";
        return finding(Verdict::Warning, detail.to_owned());
    }
    let detail = format!(
        "{}, {}, {}",
        environment("TERM").unwrap_or_else(|| "unknown".into()),
        ColourDepth::detect(environment),
        Charset::detect(environment)
    );
    finding(Verdict::Ok, detail)
}

fn finding(verdict: Verdict, detail: String) -> Finding {
    Finding {
        what: "terminal",
        verdict,
        detail,
    }
}
