//! Colours as far as the terminal has them.

use ratatui::style::Color;

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourDepth {
    /// None: only bold, dim, underlined and reversed.
    Monochrome,
    /// The 16 of the console.
    Sixteen,
    /// The palette of xterm.
    Palette256,
    /// 8 bits a channel.
    True,
}

impl std::fmt::Display for ColourDepth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Monochrome => "no colours",
            Self::Sixteen => "16 colours",
            Self::Palette256 => "256 colours",
            Self::True => "true colour",
        })
    }
}

impl ColourDepth {
    /// Reads `NO_COLOR` (<https://no-color.org>), `COLORTERM` and `TERM`.
    pub fn detect(environment: impl Fn(&str) -> Option<String>) -> Self {
        let lower = |name| environment(name).unwrap_or_default().to_lowercase();
        let (colour_term, term) = (lower("COLORTERM"), lower("TERM"));
        if !lower("NO_COLOR").is_empty() || term == "dumb" || term.starts_with("vt") {
            ColourDepth::Monochrome
        } else if matches!(colour_term.as_str(), "truecolor" | "24bit") || term.contains("direct") {
            ColourDepth::True
        } else if term.contains("256color") {
            ColourDepth::Palette256
        } else {
            ColourDepth::Sixteen
        }
    }

    /// The nearest colour there is; none on a monochrome terminal.
    pub(crate) fn nearest(self, rgb: [u8; 3]) -> Option<Color> {
        match self {
            ColourDepth::Monochrome => None,
            ColourDepth::Sixteen => Some(nearest_of_sixteen(rgb)),
            ColourDepth::Palette256 => Some(Color::Indexed(nearest_of_256(rgb))),
            ColourDepth::True => Some(Color::Rgb(rgb[0], rgb[1], rgb[2])),
        }
    }
}

/// The 16 colours of the Linux console; other terminals differ a little.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [170, 0, 0]),
    (Color::Green, [0, 170, 0]),
    (Color::Yellow, [170, 85, 0]),
    (Color::Blue, [0, 0, 170]),
    (Color::Magenta, [170, 0, 170]),
    (Color::Cyan, [0, 170, 170]),
    (Color::Gray, [170, 170, 170]),
    (Color::DarkGray, [85, 85, 85]),
    (Color::LightRed, [255, 85, 85]),
    (Color::LightGreen, [85, 255, 85]),
    (Color::LightYellow, [255, 255, 85]),
    (Color::LightBlue, [85, 85, 255]),
    (Color::LightMagenta, [255, 85, 255]),
    (Color::LightCyan, [85, 255, 255]),
    (Color::White, [255, 255, 255]),
];

fn nearest_of_sixteen(rgb: [u8; 3]) -> Color {
    SIXTEEN
        .iter()
        .min_by_key(|(_, candidate)| distance(rgb, *candidate))
        .map_or(Color::Reset, |(colour, _)| *colour)
}

/// Levels of each channel in the colour cube, palette entries 16 to 231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn nearest_of_256(rgb: [u8; 3]) -> u8 {
    let level = rgb.map(nearest_cube_level);
    let in_cube = level.map(|l| CUBE[l]);
    let cube_index = 16 + 36 * level[0] + 6 * level[1] + level[2];
    let mean = rgb.iter().map(|&v| u32::from(v)).sum::<u32>() / 3;
    // 24 greys from 8 to 238 in steps of 10, palette entries 232 to 255.
    let grey_step = (mean.saturating_sub(3) / 10).min(23);
    let grey = [(8 + 10 * grey_step) as u8; 3];
    if distance(rgb, grey) < distance(rgb, in_cube) {
        232 + grey_step as u8
    } else {
        cube_index as u8
    }
}

fn nearest_cube_level(value: u8) -> usize {
    match value {
        0..=47 => 0,
        48..=114 => 1,
        _ => (usize::from(value) - 35) / 40,
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    // Weights of the eye: green counts most, blue least.
    let weights = [3, 4, 2];
    a.iter()
        .zip(b)
        .zip(weights)
        .map(|((&a, b), weight)| weight * u32::from(a.abs_diff(b)).pow(2))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_environment_tells_the_depth() {
        for (variables, depth) in [
            (&[("TERM", "xterm")][..], ColourDepth::Sixteen),
            (&[("TERM", "linux")], ColourDepth::Sixteen),
            (&[], ColourDepth::Sixteen),
            (&[("TERM", "dumb")], ColourDepth::Monochrome),
            (&[("TERM", "screen-256color")], ColourDepth::Palette256),
            (
                &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
                ColourDepth::True,
            ),
            (&[("TERM", "xterm-direct")], ColourDepth::True),
            (
                &[("COLORTERM", "truecolor"), ("NO_COLOR", "1")],
                ColourDepth::Monochrome,
            ),
            (
                &[("TERM", "xterm-256color"), ("NO_COLOR", "")],
                ColourDepth::Palette256,
            ),
        ] {
            let found = ColourDepth::detect(|name| {
                let entry = variables.iter().find(|(key, _)| *key == name);
                entry.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, depth, "{variables:?}");
        }
    }

    #[test]
    fn pure_colours_stay_pure() {
        let palette = |rgb| ColourDepth::Palette256.nearest(rgb);
        assert_eq!(palette([0, 0, 0]), Some(Color::Indexed(16)));
        assert_eq!(palette([255, 255, 255]), Some(Color::Indexed(231)));
        assert_eq!(palette([255, 0, 0]), Some(Color::Indexed(196)));
        assert_eq!(palette([128, 128, 128]), Some(Color::Indexed(244)));
        let console = |rgb| ColourDepth::Sixteen.nearest(rgb);
        assert_eq!(console([250, 250, 250]), Some(Color::White));
        assert_eq!(console([10, 160, 10]), Some(Color::Green));
        assert_eq!(ColourDepth::Monochrome.nearest([1, 2, 3]), None);
    }

    proptest! {
        /// The quick way through the palette finds what comparing with all of it finds.
        #[test]
        fn the_palette_colour_is_almost_the_nearest(rgb: [u8; 3]) {
            let all = (16..=255u8).map(palette_rgb);
            let best = all.map(|c| distance(rgb, c)).min().unwrap();
            let found = distance(rgb, palette_rgb(nearest_of_256(rgb)));
            prop_assert!(f64::from(found).sqrt() <= f64::from(best).sqrt() + 12.0);
        }
    }

    fn palette_rgb(index: u8) -> [u8; 3] {
        if index >= 232 {
            return [8 + 10 * (index - 232); 3];
        }
        let cube = usize::from(index - 16);
        [CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6]]
    }
}
