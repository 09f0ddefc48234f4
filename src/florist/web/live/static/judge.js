// What a score and the looks of a picture are worth: florist/confidence, once more.

/** Return what says of scores and the network's outputs whether they are an answer. */
export function judgeOf({ none, least, neighbours, banks, centre, spread, scores }) {
  const known = banks.map(({ name, ...arrays }) => ({ name, ...unpacked(arrays) }));
  const others = floats(scores);
  const [middle, wide] = [floats(centre), floats(spread)];

  const familiarity = (outputs) => {
    const distances = known.map((bank) => distance(bank, outputs[bank.name].data, neighbours));
    const strange = distances.reduce((sum, each, i) => sum + (each - middle[i]) / wide[i], 0);
    const stranger = others.reduce((count, each) => count + (each >= strange), 0);
    return (1 + stranger) / (1 + others.length);
  };

  return (found, outputs) => {
    if (known.length && familiarity(outputs) < none) return "none";
    return least !== null && Math.max(...found) >= least ? "answer" : "unsure";
  };
}

function unpacked({ mean, axes, steps, pictures }) {
  return { mean: floats(mean), axes: floats(axes), steps: floats(steps), pictures: new Int8Array(buffer(pictures)) };
}

/** Return how far an embedding is from the last of its nearest training pictures. */
function distance({ mean, axes, steps, pictures }, embedding, neighbours) {
  const size = steps.length;
  const components = new Float32Array(size);
  unit(embedding).forEach((value, channel) => {
    for (let i = 0; i < size; i++) components[i] += (value - mean[channel]) * axes[channel * size + i];
  });
  const squares = new Float32Array(pictures.length / size);
  for (let picture = 0; picture < squares.length; picture++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (pictures[picture * size + i] * steps[i] - components[i]) ** 2;
    squares[picture] = sum;
  }
  return Math.sqrt(squares.sort()[Math.min(neighbours, squares.length) - 1]);
}

/** Return the signed root of each number, scaled to length 1. */
function unit(embedding) {
  const roots = Float32Array.from(embedding, (each) => Math.sign(each) * Math.sqrt(Math.abs(each)));
  const length = Math.hypot(...roots) || 1;
  return roots.map((each) => each / length);
}

const buffer = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0)).buffer;
const floats = (text) => new Float32Array(buffer(text));
