//! The command line.

mod records;
mod server;
mod service;
mod station;

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches as _, Parser, Subcommand};

use crate::core::camera_name::CameraName;
use crate::inference::manifest::ModelName;
pub use records::{
    AddEventArgs, AssignArgs, AttendanceCommand, AuditCommand, AuditListArgs, BackupArgs, ByArg,
    ChangeEventArgs, CsvArgs, DayArgs, DirectionArg, DirectionsArg, EncryptArgs, ExportArgs,
    ExportFormat, ExportView, ImportAttendanceArgs, ImportCommand, ImportEmbeddingsArgs,
    ImportFileArgs, ImportPeopleArgs, PinCommand, RangeArgs, RepairClockArgs, ReportArgs,
    RestoreArgs, ReviewCommand, SightingsArgs, SignatureArgs, VoidEventArgs,
};
pub use server::{TokenCommand, TokenCreateArgs};
pub use service::{ServiceChangeArgs, ServiceCommand};
pub use station::{AttachArgs, CaptureArgs, RunArgs};

/// Exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done; where a question was asked, the answer is yes.
    Done,
    /// A question was asked and the answer is no: `identify` did not recognise
    /// somebody in every picture, `doctor` or `models verify` found something wrong,
    /// `service status` found no running service.
    No,
}

/// The exit code of a command that failed; it has said why.
pub const FAILED: u8 = 1;

impl Outcome {
    /// 0 for yes, 3 for no. A failure is 1 and wrong use of the command line 2.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::No => 3,
        }
    }
}

/// Face-recognition attendance station for the terminal.
///
/// Without a command, opens the dashboard.
///
/// Exit codes: 0 done; 1 failed; 2 wrong use; 3 the answer is no (`identify`:
/// nobody known in one of the pictures; `doctor`, `models verify`: something is wrong;
/// `service status`: it does not run).
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Where things are.
    #[command(flatten)]
    pub places: Places,
    /// What the dashboard looks at, if no command is given.
    #[command(flatten)]
    pub capture: CaptureArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Reads the process's arguments; prints help or what is wrong, and exits, where due.
    pub fn from_arguments() -> Self {
        let cli = Self::read(std::env::args_os()).unwrap_or_else(|error| refuse(&error));
        if cli.command.is_some() && !cli.capture.is_empty() {
            // clap's own check would also refuse the options of `Places`.
            Self::command()
                .error(
                    ErrorKind::ArgumentConflict,
                    "--demo, --source, --rate and --once go after `run`, or without a command",
                )
                .exit();
        }
        cli
    }

    fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut matches = Self::command().try_get_matches_from(arguments)?;
        let source = matches.value_source("data_dir");
        let mut cli = Self::from_arg_matches_mut(&mut matches)
            .map_err(|error| error.format(&mut Self::command()))?;
        cli.places.is_data_dir_named = source != Some(ValueSource::DefaultValue);
        Ok(cli)
    }
}

/// Says what is wrong with the arguments, or prints the help that was asked for, and exits.
fn refuse(error: &clap::Error) -> ! {
    if error.use_stderr() {
        // Arguments may be file names, which may hold what a terminal would obey.
        crate::print::words(
            crate::print::Stream::Err,
            format_args!("{}", error.render()),
        );
        std::process::exit(error.exit_code());
    }
    error.exit()
}

/// Folders and files.
#[derive(Debug, Clone, Args)]
pub struct Places {
    /// Folder of the database, the pictures and the log.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "ROLLCALL_DATA_DIR",
        default_value = "data"
    )]
    pub data_dir: PathBuf,
    /// Whether somebody has named that folder; a service has a default of its own.
    #[arg(skip)]
    pub is_data_dir_named: bool,
    /// Configuration file instead of config.toml in the data folder.
    #[arg(long, global = true, value_name = "FILE", env = "ROLLCALL_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of the networks; by default `models` here or beside the program.
    #[arg(long, global = true, value_name = "DIR", env = "ROLLCALL_MODELS_DIR")]
    pub models_dir: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take attendance; with --headless, without a dashboard, one line per event.
    Run(RunArgs),
    /// Enrol the people of the demonstration.
    #[command(hide = true)]
    EnrolDemonstration,
    /// Open a dashboard of a station that runs already, e.g. as a service.
    Attach(AttachArgs),
    /// Enrol a person from pictures.
    Enrol(EnrolArgs),
    /// List and change people.
    #[command(subcommand)]
    People(PeopleCommand),
    /// Read and correct the attendance.
    #[command(subcommand)]
    Attendance(AttendanceCommand),
    /// Read the audit trail: who did what, and when.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Say who is in pictures.
    Identify(IdentifyArgs),
    /// Measure recognition on labelled pairs (LFW protocol).
    Eval(EvalArgs),
    /// List and check the networks.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// List and test the cameras, and set their controls.
    #[command(subcommand)]
    Camera(CameraCommand),
    /// Say what the threshold costs here, and propose one.
    Calibrate(CalibrateArgs),
    /// Look through faces that were given no name.
    #[command(subcommand)]
    Review(ReviewCommand),
    /// Take in people, attendance or embeddings of another system.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Copy database, pictures and configuration into one archive.
    Backup(BackupArgs),
    /// Put a backup in the place of what is in the data folder.
    Restore(RestoreArgs),
    /// Encrypt templates and pictures with a key outside of the data folder.
    Encrypt(EncryptArgs),
    /// Take that back.
    Decrypt,
    /// Run the station as a service of systemd that nobody has to watch.
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Say who may send pictures and ask over the network.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Check models, database, camera, terminal and clock.
    Doctor(JsonArgs),
    /// Time every stage of recognition on this machine.
    Bench(BenchArgs),
    /// Print the configuration in use, or the documented sample.
    Config {
        /// Print the documented sample instead.
        #[arg(long)]
        sample: bool,
        /// Show what edited settings alter of days that have passed, and agree to it.
        #[arg(long, conflicts_with = "sample")]
        accept: bool,
        /// Agree without being asked.
        #[arg(long, requires = "accept")]
        yes: bool,
    },
}

/// `--json`.
#[derive(Debug, Clone, Copy, Args)]
pub struct JsonArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `enrol`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct EnrolArgs {
    /// Name to greet with.
    #[arg(long, requires = "code")]
    pub name: Option<String>,
    /// Unique code, e.g. the employee number.
    #[arg(long, requires = "name")]
    pub code: Option<String>,
    /// Enrol many people: a folder with a folder for each, called NAME or NAME (CODE).
    #[arg(long, value_name = "DIR", conflicts_with_all = ["name", "code", "add", "images"])]
    pub dir: Option<PathBuf>,
    /// Take the pictures at this camera elsewhere, by the station that is running.
    #[arg(long, value_name = "NAME", requires = "name", conflicts_with_all = ["dir", "add", "largest", "images", "json"])]
    pub camera: Option<CameraName>,
    /// Keep the pictures that a camera has taken without being asked.
    #[arg(long, requires = "camera")]
    pub yes: bool,
    /// Say what would be done with that folder, and do nothing.
    #[arg(long, requires = "dir")]
    pub dry_run: bool,
    /// Take the largest face of a picture that shows several.
    #[arg(long)]
    pub largest: bool,
    /// Add the pictures to a person who is enrolled already.
    #[arg(long)]
    pub add: bool,
    /// State that it is another person than the one whose face this is like, such as a twin;
    /// the audit trail keeps it. With --dir, of every folder.
    #[arg(long)]
    pub another_person: bool,
    /// When the person agreed to be recognised: "today" or YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub consent: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Pictures of this person.
    #[arg(required_unless_present_any = ["dir", "camera"], value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
}

/// What can be done with people.
#[derive(Debug, Subcommand)]
pub enum PeopleCommand {
    /// Make the templates of another embedder anew, from the pictures that were kept.
    ReEmbed(ReEmbedArgs),
    /// Everybody.
    List(JsonArgs),
    /// One person.
    Show {
        /// Code of the person.
        code: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the templates of a person and where they come from.
    Templates {
        /// Code of the person.
        code: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take back the templates that the station has made itself.
    #[command(group(clap::ArgGroup::new("whose").required(true).args(["code", "all"])))]
    ForgetAdaptive {
        /// Code of the person.
        code: Option<String>,
        /// Of everybody.
        #[arg(long)]
        all: bool,
    },
    /// Change the name.
    Rename {
        /// Code of the person.
        code: String,
        /// The new name.
        name: String,
    },
    /// Note when the person agreed to be recognised.
    Consent {
        /// Code of the person.
        code: String,
        /// "today" or YYYY-MM-DD.
        date: String,
    },
    /// Put the person into a team, by which schedules are chosen; without one, into none.
    Team {
        /// Code of the person.
        code: String,
        /// Name of the team.
        team: Option<String>,
        /// Agree to alter days that have passed.
        #[arg(long)]
        yes: bool,
    },
    /// Give the person a PIN or badge, or take it away.
    #[command(subcommand)]
    Pin(PinCommand),
    /// Write everything that is held about the person into a new folder.
    ExportData {
        /// Code of the person.
        code: String,
        /// The folder; must not be there yet.
        #[arg(long, short, value_name = "DIR")]
        output: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Stop recognising and expecting the person from today on; keep everything.
    Deactivate {
        /// Code of the person.
        code: String,
        /// From this earlier day on.
        #[arg(long, value_name = "DAY")]
        from: Option<NaiveDate>,
        /// Agree to alter days that have passed.
        #[arg(long)]
        yes: bool,
    },
    /// Recognise and expect the person again, from today on.
    Activate {
        /// Code of the person.
        code: String,
    },
    /// State from which day on the person is expected, e.g. before the day of enrolment.
    Expect {
        /// Code of the person.
        code: String,
        /// The first day.
        #[arg(long, value_name = "DAY")]
        from: NaiveDate,
        /// Agree to alter days that have passed.
        #[arg(long)]
        yes: bool,
    },
    /// Erase name, pictures and templates, and print a receipt. Attendance stays, without the name.
    Delete {
        /// Code of the person.
        code: String,
        /// Cut the attendance off from the code too.
        #[arg(long)]
        anonymise: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

/// Arguments of `people re-embed`.
#[derive(Debug, Args)]
pub struct ReEmbedArgs {
    /// Only this person.
    #[arg(long)]
    pub code: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `identify`.
#[derive(Debug, Args)]
pub struct IdentifyArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Pictures to look at.
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Probability that a look of a stranger is given a name.
    #[arg(long, value_name = "RATE", default_value_t = 1e-4)]
    pub target: f64,
    /// Put the proposed threshold into the configuration.
    #[arg(long)]
    pub write: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `eval`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["pairs", "strangers", "attacks"])))]
pub struct EvalArgs {
    /// Tell pairs apart, listed in LFW's format.
    #[arg(long, value_name = "FILE")]
    pub pairs: Option<PathBuf>,
    /// Let everybody in turn be a stranger to all others.
    #[arg(long)]
    pub strangers: bool,
    /// Hold every picture in front of the camera, drawn as prints and screens.
    #[arg(long)]
    pub attacks: bool,
    /// Visits of each stranger with each picture, of twelve looks.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), requires = "strangers")]
    pub visits: u32,
    /// Folder of one folder per person.
    #[arg(long, value_name = "DIR")]
    pub images: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with the networks.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Licence, size and source of each, and which are in use.
    List(JsonArgs),
    /// Check that every file is the one it should be.
    Verify(JsonArgs),
    /// Add detectors and embedders from ONNX files, for example InsightFace's packs.
    Install(InstallArgs),
}

/// Arguments of `models install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// An ONNX file, a zip archive or a folder.
    pub package: PathBuf,
    /// What to call it; by default, as its file is called.
    #[arg(long, value_parser = ModelName::parse)]
    pub id: Option<ModelName>,
    /// Only say what each file is.
    #[arg(long)]
    pub dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What can be done with cameras.
#[derive(Debug, Subcommand)]
pub enum CameraCommand {
    /// The cameras of this machine.
    List(JsonArgs),
    /// Look through the camera for some seconds: rate, latency, lost and broken
    /// pictures. The answer is no if it gives none or they cannot be used.
    Test(CameraTestArgs),
    /// List the camera's controls (brightness, exposure, anti-flicker), or set some.
    /// What is set here is set again whenever the station opens the camera.
    Controls(CameraControlsArgs),
    /// The sizes, rates and encodings that a camera offers, for `[camera]` in the configuration.
    Formats(CameraFormatsArgs),
}

/// Arguments of `camera formats`.
#[derive(Debug, Args)]
pub struct CameraFormatsArgs {
    /// Another camera than the configured one, as for `run`.
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `camera test`.
#[derive(Debug, Args)]
pub struct CameraTestArgs {
    /// Another source than the configured one, as for `run`.
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// How long to look.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Write the last picture to this JPEG file.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
    /// Do not show the picture in the terminal.
    #[arg(long)]
    pub no_picture: bool,
    /// Print JSON, without the picture.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `camera controls`.
#[derive(Debug, Args)]
pub struct CameraControlsArgs {
    /// Another camera than the configured one, as for `run`.
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Controls to set, e.g. `brightness=10`.
    #[arg(value_name = "NAME=VALUE")]
    pub assignments: Vec<String>,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Runs of each stage that are counted.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_whether_the_data_folder_was_named() {
        for (arguments, is_named) in [
            (&["rollcall", "service", "status"][..], false),
            (
                &["rollcall", "service", "--data-dir", "data", "status"],
                true,
            ),
            (
                &["rollcall", "--data-dir", "/srv", "service", "status"],
                true,
            ),
            (
                &["rollcall", "service", "install", "--data-dir", "/srv"],
                true,
            ),
        ] {
            let cli = Cli::read(arguments.iter().map(OsString::from)).unwrap();
            assert_eq!(cli.places.is_data_dir_named, is_named, "{arguments:?}");
        }
    }
}
