//! The plots of a record, as SVG.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::pairs::{Entry, Outcome, Spread};

/// Size of a plot, legend included.
const SIZE: (u32, u32) = (1_160, 560);

/// Width of the part that is not the legend.
const CHART: u32 = 840;

/// Nines of the percentile axis: 1 is the 90th, 5 the 99.999th.
const NINES: f64 = 5.0;

/// How labels are set.
const LABELS: (&str, u32) = ("sans-serif", 16);

/// A named line.
type Line = (String, Vec<(f64, f64)>);

/// Draws every plot of `outcomes` into `dir` and returns the file names.
pub(crate) fn draw(dir: &Path, stem: &str, outcomes: &[Outcome]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut files = Vec::new();
    for (title, lines) in throughput_lines(outcomes) {
        let file = format!("{stem}-throughput-{}.svg", title.replace([' ', ','], "-").replace("--", "-"));
        throughput(&dir.join(&file), title, &lines)?;
        files.push(file);
    }
    for outcome in outcomes {
        let lines: Vec<Line> = entries(outcome).filter_map(latency_line).collect();
        if !lines.is_empty() {
            let file = format!("{stem}-latency-{}.svg", outcome.row.name);
            latency(&dir.join(&file), &outcome.row.work, &lines)?;
            files.push(file);
        }
    }
    Ok(files)
}

/// Ours first, then the others.
fn entries(outcome: &Outcome) -> impl Iterator<Item = &Entry> {
    outcome.ours.iter().chain(&outcome.entries)
}

/// Per plot, per contestant, median rate by subscribers.
fn throughput_lines(outcomes: &[Outcome]) -> BTreeMap<&'static str, Vec<Line>> {
    let mut plots: BTreeMap<&'static str, Vec<Line>> = BTreeMap::new();
    for outcome in outcomes {
        let Some((plot, at)) = outcome.row.plot else { continue };
        let lines = plots.entry(plot).or_default();
        for entry in entries(outcome) {
            let Some(spread) = Spread::of(&entry.absolute.rates) else { continue };
            let point = (at as f64, spread.p50 / 1e6);
            match lines.iter_mut().find(|(name, _)| *name == entry.name) {
                Some((_, points)) => points.push(point),
                None => lines.push((entry.name.clone(), vec![point])),
            }
        }
    }
    plots
}

/// Single-call percentiles by nines.
fn latency_line(entry: &Entry) -> Option<Line> {
    let singles = &entry.absolute.latency.as_ref()?.singles;
    let most = (singles.len() as f64).log10().min(NINES);
    let at = |nines: f64| (nines, singles.value_at_quantile(1.0 - 10f64.powf(-nines)).max(1) as f64);
    let points =
        (0..=100).map(|step| NINES * f64::from(step) / 100.0).take_while(|nines| *nines <= most).map(at);
    (!singles.is_empty()).then(|| (entry.name.clone(), points.collect()))
}

/// A colour that differs from its neighbours'; ours is black.
fn colour(at: usize, name: &str) -> RGBAColor {
    if name.starts_with("eventcast") { BLACK.to_rgba() } else { Palette99::pick(at).to_rgba() }
}

/// Rates over subscribers, both axes logarithmic.
fn throughput(path: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let right = points().map(|(x, _)| *x).fold(2.0, f64::max);
    let low = points().map(|(_, y)| *y).fold(f64::MAX, f64::min).max(1e-3);
    let high = points().map(|(_, y)| *y).fold(low * 2.0, f64::max);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, side) = root.split_horizontally(CHART);
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("throughput, {title}"), ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d((1.0..right * 1.1).log_scale(), (low * 0.7..high * 1.4).log_scale())?;
    chart
        .configure_mesh()
        .label_style(LABELS)
        .axis_desc_style(LABELS)
        .x_desc("subscribers")
        .y_desc("million events per second")
        .draw()?;
    series(&mut chart, lines)?;
    legend(&side, lines)?;
    root.present()?;
    Ok(())
}

/// Latency over percentile.
fn latency(path: &Path, title: &str, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let low = points().map(|(_, y)| *y).fold(f64::MAX, f64::min).max(1.0);
    let high = points().map(|(_, y)| *y).fold(low * 2.0, f64::max);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (area, side) = root.split_horizontally(CHART);
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..NINES, (low * 0.8..high * 1.3).log_scale())?;
    chart
        .configure_mesh()
        .label_style(LABELS)
        .axis_desc_style(LABELS)
        .x_labels(NINES as usize + 1)
        .x_label_formatter(&|nines| percentile(*nines))
        .x_desc("percentile")
        .y_desc("nanoseconds, single calls")
        .draw()?;
    series(&mut chart, lines)?;
    legend(&side, lines)?;
    root.present()?;
    Ok(())
}

/// The percentile of a number of nines.
fn percentile(nines: f64) -> String {
    let percent = 100.0 * (1.0 - 10f64.powf(-nines));
    let digits = (nines - 2.0).ceil().max(0.0) as usize;
    format!("{percent:.digits$} %")
}

/// Draws the lines.
fn series<'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'a>, Cartesian2d<X, Y>>,
    lines: &[Line],
) -> Result<(), Box<dyn Error>>
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    for (at, (name, points)) in lines.iter().enumerate() {
        let size = if points.len() < 10 { 3 } else { 0 };
        let style = colour(at, name).stroke_width(2);
        chart.draw_series(LineSeries::new(points.iter().copied(), style).point_size(size))?;
    }
    Ok(())
}

/// Names the lines beside the chart, where no line runs.
fn legend(side: &DrawingArea<SVGBackend<'_>, Shift>, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    for (at, (name, _)) in lines.iter().enumerate() {
        let y = 60 + 26 * at as i32;
        side.draw(&PathElement::new([(4, y), (26, y)], colour(at, name).stroke_width(3)))?;
        side.draw(&Text::new(name.as_str(), (34, y - 8), ("sans-serif", 16)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn nines_read_as_percentiles() {
        assert_eq!(percentile(0.0), "0 %");
        assert_eq!(percentile(1.0), "90 %");
        assert_eq!(percentile(2.0), "99 %");
        assert_eq!(percentile(3.0), "99.9 %");
    }
}
