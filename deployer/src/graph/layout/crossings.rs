//! The order in each layer: such that few edges cross.

use super::Grid;

/// How often the layers are gone through, down and up. Graphs of this size settle in three or four.
const SWEEPS: usize = 12;

/// With how many orders it is begun. From one alone, some edges never get around what is in their way.
const STARTS: usize = 4;

/// Keeps the best order that comes of any of the sweeps.
pub(super) fn lessen(grid: &mut Grid) {
    let first = grid.layers.clone();
    let mut best = (count(grid), first.clone());
    for start in 0..STARTS {
        grid.layers.clone_from(&first);
        for layer in grid.layers.iter_mut().filter(|layer| !layer.is_empty()) {
            let by = start % layer.len();
            layer.rotate_right(by);
        }
        for downwards in [true, false].into_iter().cycle().take(SWEEPS) {
            sweep(grid, downwards);
            let crossings = count(grid);
            if crossings < best.0 {
                best = (crossings, grid.layers.clone());
            }
        }
    }
    grid.layers = best.1;
}

/// Sorts each layer by the mean place of the neighbours above, or else of those below; then exchanges
/// cells where that does no harm.
fn sweep(grid: &mut Grid, downwards: bool) {
    let mut layers: Vec<usize> = (0..grid.layers.len()).collect();
    if !downwards {
        layers.reverse();
    }
    for layer in &layers {
        sort(grid, *layer, downwards);
    }
    for layer in layers {
        exchange(grid, layer);
    }
}

/// Exchanges the cells of a layer with the next ones, where fewer edges cross then.
fn exchange(grid: &mut Grid, layer: usize) {
    for place in 1..grid.layers[layer].len() {
        let before = count(grid);
        grid.layers[layer].swap(place - 1, place);
        if count(grid) >= before {
            grid.layers[layer].swap(place - 1, place);
        }
    }
}

/// The place of each cell in its layer.
fn places(grid: &Grid) -> Vec<usize> {
    let mut places = vec![0; grid.cells.len()];
    for layer in &grid.layers {
        for (place, cell) in layer.iter().enumerate() {
            places[*cell] = place;
        }
    }
    places
}

fn sort(grid: &mut Grid, layer: usize, downwards: bool) {
    let places = places(grid);
    let cells = &grid.cells;
    // In thousandths, so as to stay with whole numbers; cells without neighbours stay where they are.
    grid.layers[layer].sort_by_key(|cell| {
        let one = &cells[*cell];
        let neighbours = if downwards { &one.above } else { &one.below };
        let sum: usize = neighbours.iter().map(|neighbour| places[*neighbour]).sum();
        (1000 * sum).checked_div(neighbours.len()).unwrap_or(1000 * places[*cell])
    });
}

/// How many pairs of edges cross.
pub(super) fn count(grid: &Grid) -> usize {
    let places = places(grid);
    let of_layer = |layer: &Vec<usize>| {
        let below = |cell: &usize| {
            let from = places[*cell];
            grid.cells[*cell].below.iter().map(|to| (from, places[*to])).collect::<Vec<_>>()
        };
        let edges: Vec<(usize, usize)> = layer.iter().flat_map(below).collect();
        let later = edges.iter().enumerate().map(|(index, one)| {
            let cross = |other: &&(usize, usize)| one.0 < other.0 && one.1 > other.1;
            edges[index + 1..].iter().filter(cross).count()
        });
        later.sum::<usize>()
    };
    grid.layers.iter().map(of_layer).sum()
}
