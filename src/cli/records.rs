//! The command line of what is kept: attendance, imports, backups, PINs.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::JsonArgs;

/// What can be done with the attendance.
#[derive(Debug, Subcommand)]
pub enum AttendanceCommand {
    /// Who came and went today.
    Today(JsonArgs),
    /// Events of some days.
    List {
        /// Days and person.
        #[command(flatten)]
        range: RangeArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Hours, lateness, absence and overtime by person.
    Report(ReportArgs),
    /// Who is in now.
    Who(JsonArgs),
    /// Who came late.
    Late(DayArgs),
    /// Who was expected and did not come.
    Absent(DayArgs),
    /// Write tables for payroll.
    Export(ExportArgs),
    /// Add a punch that was never made.
    Add(AddEventArgs),
    /// Take an event back; it stays readable.
    Void(VoidEventArgs),
    /// Take an event back and put another in its place.
    Change(ChangeEventArgs),
    /// Shift events that were made while the clock was wrong.
    RepairClock(RepairClockArgs),
}

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List its lines, the newest last.
    List(AuditListArgs),
}

/// Arguments of `audit list`.
#[derive(Debug, Args)]
pub struct AuditListArgs {
    /// First day.
    #[arg(long, value_name = "DAY")]
    pub from: Option<NaiveDate>,
    /// Last day.
    #[arg(long, value_name = "DAY")]
    pub to: Option<NaiveDate>,
    /// Only lines about this person and their events.
    #[arg(long, value_name = "CODE")]
    pub person: Option<String>,
    /// Only this action, e.g. attendance.void, or a group of them, e.g. person.
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Only what this operator did.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Only the last lines of those.
    #[arg(long, value_name = "NUMBER")]
    pub last: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `attendance report`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("period").args(["day", "week", "month", "from"])))]
pub struct ReportArgs {
    /// One day; without a period it is today.
    #[arg(long, value_name = "DAY")]
    pub day: Option<NaiveDate>,
    /// A week, e.g. 2026-W47.
    #[arg(long, value_name = "WEEK")]
    pub week: Option<String>,
    /// A month, e.g. 2026-11.
    #[arg(long, value_name = "MONTH")]
    pub month: Option<String>,
    /// First day.
    #[arg(long, value_name = "DAY")]
    pub from: Option<NaiveDate>,
    /// Last day, with --from; without it, today.
    #[arg(long, value_name = "DAY", requires = "from")]
    pub to: Option<NaiveDate>,
    /// Only the person with this code.
    #[arg(long, value_name = "CODE")]
    pub person: Option<String>,
    /// Only this team.
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A day.
#[derive(Debug, Args)]
pub struct DayArgs {
    /// Another day than today.
    #[arg(long, value_name = "DAY")]
    pub day: Option<NaiveDate>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What every correction has to say.
#[derive(Debug, Args)]
pub struct SignatureArgs {
    /// Why, for whoever reads it later.
    #[arg(long)]
    pub reason: String,
    /// Who makes the correction; by default the operator's login.
    #[arg(long, value_name = "NAME", env = "ROLLCALL_OPERATOR")]
    pub by: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `attendance add`.
#[derive(Debug, Args)]
pub struct AddEventArgs {
    /// Code of the person.
    pub code: String,
    /// in or out.
    pub direction: DirectionArg,
    /// Local time, `YYYY-MM-DD HH:MM[:SS]`, with an offset such as +01:00 if the hour occurs twice.
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// The day it counts for, if that is not the day of the time.
    #[arg(long, value_name = "DAY")]
    pub day: Option<NaiveDate>,
    /// Who and why.
    #[command(flatten)]
    pub signature: SignatureArgs,
}

/// Arguments of `attendance void`.
#[derive(Debug, Args)]
pub struct VoidEventArgs {
    /// Number of the event, as `attendance list` shows it.
    pub event: i64,
    /// Who and why.
    #[command(flatten)]
    pub signature: SignatureArgs,
}

/// Arguments of `attendance change`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true)
    .args(["at", "day", "code", "direction"])))]
pub struct ChangeEventArgs {
    /// Number of the event, as `attendance list` shows it.
    pub event: i64,
    /// Another local time, as for `attendance add`.
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Another day that it counts for.
    #[arg(long, value_name = "DAY")]
    pub day: Option<NaiveDate>,
    /// Another person.
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// in or out.
    #[arg(long)]
    pub direction: Option<DirectionArg>,
    /// Who and why.
    #[command(flatten)]
    pub signature: SignatureArgs,
}

/// Arguments of `attendance repair-clock`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["from", "batch"])))]
pub struct RepairClockArgs {
    /// First time of the events, as they stand, `YYYY-MM-DD HH:MM[:SS]`.
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<String>,
    /// Last time of the events, as they stand.
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<String>,
    /// Number of the batch, as `attendance list` shows it.
    #[arg(long, value_name = "NUMBER")]
    pub batch: Option<i64>,
    /// What to add to the times: +HH:MM:SS or -HH:MM:SS.
    #[arg(long, value_name = "SHIFT", allow_hyphen_values = true)]
    pub shift: String,
    /// Do it; otherwise only say what would be done.
    #[arg(long)]
    pub yes: bool,
    /// Who and why.
    #[command(flatten)]
    pub signature: SignatureArgs,
}

/// Whether a person came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DirectionArg {
    /// Check-in.
    In,
    /// Check-out.
    Out,
}

/// Arguments of `attendance export`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("format").required(true).args(["csv", "xlsx", "json"])))]
pub struct ExportArgs {
    /// Days and person.
    #[command(flatten)]
    pub range: RangeArgs,
    /// A whole month, e.g. 2026-11.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to", "week"])]
    pub month: Option<String>,
    /// A whole week from Monday, e.g. 2026-W47.
    #[arg(long, value_name = "WEEK", conflicts_with_all = ["from", "to"])]
    pub week: Option<String>,
    /// One row for each event, person and day, or person; a workbook has all of them by default.
    #[arg(long, value_enum)]
    pub view: Option<ExportView>,
    /// Columns and their order, separated by commas, instead of the configured ones.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS", requires = "view")]
    pub columns: Vec<String>,
    /// As CSV (RFC 4180, UTF-8).
    #[arg(long)]
    pub csv: bool,
    /// How the CSV is written.
    #[command(flatten)]
    pub style: CsvArgs,
    /// As a workbook.
    #[arg(long, requires = "output")]
    pub xlsx: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// File to write instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a CSV is written. Each option goes before what `--for-excel` brings.
#[derive(Debug, Clone, Default, Args)]
pub struct CsvArgs {
    /// As Excel opens it by a double click in this language, e.g. es or es-MX; without one,
    /// in that of the dashboard.
    #[arg(long, value_name = "LANGUAGE", num_args = 0..=1, default_missing_value = "auto",
        conflicts_with_all = ["xlsx", "json"])]
    pub for_excel: Option<String>,
    /// What separates cells: a character, or tab.
    #[arg(long, value_name = "CHARACTER", value_parser = separator,
        conflicts_with_all = ["xlsx", "json"])]
    pub separator: Option<u8>,
    /// What stands before the digits of a fraction: . or ,
    #[arg(long, value_name = "MARK", value_parser = decimal_mark,
        conflicts_with_all = ["xlsx", "json"])]
    pub decimal: Option<char>,
    /// Begin with the mark (BOM) by which Excel knows UTF-8.
    #[arg(long, conflicts_with_all = ["xlsx", "json"])]
    pub bom: bool,
}

fn separator(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'\'') => Ok(*byte),
        [byte @ (b'\t' | b' ')] => Ok(*byte),
        _ => Err("one character that is no letter, digit or quote, or tab".into()),
    }
}

fn decimal_mark(text: &str) -> Result<char, String> {
    match text {
        "." => Ok('.'),
        "," => Ok(','),
        _ => Err("either . or ,".into()),
    }
}

/// What a row of an exported table stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportView {
    /// An event, voided ones too.
    Events,
    /// A person's day.
    Days,
    /// A person, over all the days.
    People,
}

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180.
    Csv,
    /// A workbook.
    Xlsx,
    /// A list of objects.
    Json,
}

impl ExportArgs {
    /// The one that was asked for; the command line asks for exactly one.
    pub fn format(&self) -> ExportFormat {
        match (self.xlsx, self.json) {
            (true, _) => ExportFormat::Xlsx,
            (false, true) => ExportFormat::Json,
            (false, false) => ExportFormat::Csv,
        }
    }
}

/// Some days, perhaps of one person.
#[derive(Debug, Clone, Args)]
pub struct RangeArgs {
    /// First day, YYYY-MM-DD; by default the first there is.
    #[arg(long, value_name = "DAY")]
    pub from: Option<NaiveDate>,
    /// Last day, YYYY-MM-DD; by default the last there is.
    #[arg(long, value_name = "DAY")]
    pub to: Option<NaiveDate>,
    /// Only this person.
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Folder to write to instead of the configured one.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Encrypt with the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with faces that were given no name.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// List them, those that look alike together.
    List {
        /// Those that somebody has looked at, too.
        #[arg(long)]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show one, with its picture if that is kept.
    Show {
        /// Its number.
        sighting: i64,
    },
    /// Say who it was.
    Assign(AssignArgs),
    /// Say that they do not matter; their faces are erased.
    Ignore(SightingsArgs),
    /// Erase them altogether.
    Delete(SightingsArgs),
}

/// Sightings by their numbers.
#[derive(Debug, Args)]
pub struct SightingsArgs {
    /// Numbers, as `review list` shows them.
    #[arg(required = true)]
    pub sightings: Vec<i64>,
    /// All open ones that look like these, too.
    #[arg(long)]
    pub alike: bool,
}

/// Arguments of `review assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// Which.
    #[command(flatten)]
    pub which: SightingsArgs,
    /// Code of the person it was.
    #[arg(long, value_name = "CODE")]
    pub to: String,
    /// Add the best of the faces to the person's samples, after the checks of an enrolment.
    #[arg(long)]
    pub add: bool,
    /// State that it is another person than the one whose face it is like, such as a twin.
    #[arg(long)]
    pub another_person: bool,
    /// Add the missed punch at the time of the best of the faces.
    #[arg(long, value_name = "in|out")]
    pub punch: Option<DirectionArg>,
    /// Why that punch is added.
    #[arg(long, requires = "punch")]
    pub reason: Option<String>,
    /// Who says so; by default the operator's login.
    #[arg(long, value_name = "NAME", env = "ROLLCALL_OPERATOR")]
    pub by: Option<String>,
}

/// Arguments of `encrypt`.
#[derive(Debug, Args)]
pub struct EncryptArgs {
    /// File of the key, outside of the data folder; made if it is not there.
    #[arg(long, value_name = "FILE")]
    pub key_file: PathBuf,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub archive: PathBuf,
    /// Only check the backup; change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do it.
    #[arg(long)]
    pub yes: bool,
    /// Put the configuration in the backup in force too; otherwise it is laid beside yours.
    #[arg(long)]
    pub with_config: bool,
    /// Key of the encrypted faces in the backup.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Decrypt with the first line of this file.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with a PIN.
#[derive(Debug, Subcommand)]
pub enum PinCommand {
    /// Read a PIN of 6 to 32 digits, or a badge, from standard input and set it.
    Set {
        /// Code of the person.
        code: String,
    },
    /// Take the PIN away.
    Clear {
        /// Code of the person.
        code: String,
    },
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// A table of people: code and name, perhaps team, consent and the first day.
    People(ImportPeopleArgs),
    /// A table of punches: code or name, time, perhaps direction; or a terminal's attlog.
    Attendance(ImportAttendanceArgs),
    /// Face embeddings: a table, JSON, .npy or .npz.
    Embeddings(ImportEmbeddingsArgs),
}

/// A file to import, and what cannot be found out from it.
#[derive(Debug, Args)]
pub struct ImportFileArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show how the file was understood, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Which column is what: FIELD=HEADER, or FIELD=#2 for the second column.
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub map: Vec<String>,
    /// What separates the columns: comma, semicolon, tab, bar or a character.
    #[arg(long, value_name = "CHARACTER")]
    pub separator: Option<String>,
    /// The encoding of the text, e.g. windows-1252.
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `import people`.
#[derive(Debug, Args)]
pub struct ImportPeopleArgs {
    /// The file.
    #[command(flatten)]
    pub source: ImportFileArgs,
    /// Agree to alter days that have passed.
    #[arg(long)]
    pub yes: bool,
    /// How days are written: ymd, dmy, mdy or a pattern as %d.%m.%Y.
    #[arg(long, value_name = "FORM")]
    pub dates: Option<String>,
    /// Begin of the codes of people whose file has none.
    #[arg(long, default_value = "P-", value_name = "PREFIX")]
    pub code_prefix: String,
}

/// Arguments of `import attendance`.
#[derive(Debug, Args)]
pub struct ImportAttendanceArgs {
    /// The file.
    #[command(flatten)]
    pub source: ImportFileArgs,
    /// How days are written: ymd, dmy, mdy or a pattern as %d.%m.%Y.
    #[arg(long, value_name = "FORM")]
    pub dates: Option<String>,
    /// How times of day are written, as a pattern: %H:%M-%S.
    #[arg(long, value_name = "PATTERN")]
    pub times: Option<String>,
    /// The day of punches that have only a time.
    #[arg(long, value_name = "DAY")]
    pub day: Option<NaiveDate>,
    /// A word of the file that means in.
    #[arg(long = "in", value_name = "WORD")]
    pub words_in: Vec<String>,
    /// A word of the file that means out.
    #[arg(long = "out", value_name = "WORD")]
    pub words_out: Vec<String>,
    /// Take directions as the file states them, or by the order of a person's punches.
    #[arg(long, value_name = "HOW")]
    pub directions: Option<DirectionsArg>,
    /// Find people by their code or by their name.
    #[arg(long, value_name = "WHAT")]
    pub by: Option<ByArg>,
}

/// Where directions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DirectionsArg {
    /// From the file.
    Stated,
    /// From the order of a person's punches in a day, by the station's own rule.
    Alternate,
}

/// By what people are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ByArg {
    /// By code.
    Code,
    /// By name.
    Name,
}

/// Arguments of `import embeddings`.
#[derive(Debug, Args)]
pub struct ImportEmbeddingsArgs {
    /// The file.
    #[command(flatten)]
    pub source: ImportFileArgs,
    /// The network that made them: "current", or the SHA-256 of its weights.
    #[arg(long, value_name = "MODEL", required_unless_present = "dry_run")]
    pub model: Option<String>,
    /// Folder of pictures, NAME.jpg or NAME/*, that the network in use shall look at too.
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
    /// Begin of the codes of people who are new.
    #[arg(long, default_value = "P-", value_name = "PREFIX")]
    pub code_prefix: String,
    /// When these people agreed to be recognised: "today" or YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub consent: Option<String>,
    /// Whose all the faces of the file are.
    #[arg(long, value_name = "NAME", conflicts_with = "names")]
    pub name: Option<String>,
    /// A text file of names, one a line for each vector, if the file has none.
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
    /// State that these are other people than those whose faces theirs are like, such as twins.
    #[arg(long)]
    pub another_person: bool,
}
