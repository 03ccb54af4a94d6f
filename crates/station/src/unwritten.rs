//! What is said of punches that could not be written before the end.

use anyhow::Result;

use rollcall_core::attendance::Direction;
use rollcall_core::station::Station;

/// Fails if punches are left, and says which: somebody has to write them down.
pub(crate) fn report_unwritten(station: &Station) -> Result<()> {
    let unwritten = station.unwritten();
    if unwritten.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = unwritten
        .iter()
        .map(|punch| {
            let person = punch.person.0;
            tracing::error!(person, at = %punch.at, "a punch could not be written");
            let code = station.person(punch.person).map(|p| p.code.as_str());
            let direction = punch.direction.map_or("in or out", |d| match d {
                Direction::In => "in",
                Direction::Out => "out",
            });
            format!(
                "  {} {direction} {}",
                code.unwrap_or("somebody who was deleted"),
                punch.at.to_rfc3339()
            )
        })
        .collect();
    anyhow::bail!(
        "the database could not be written; these punches are lost unless they are added \
         with `rollcall attendance add`:\n{}",
        lines.join("\n")
    )
}
