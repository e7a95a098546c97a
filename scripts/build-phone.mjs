// Bundles the phone app beforehand, into .cache/phone, for an image that starts at once and has no compiler.
// In production the server takes that bundle when it is there; the sandbox always makes its own, from the sources.
import { BUILT_FOLDER, buildPhone, writeBuild } from '../src/phone/build.ts';

const build = await buildPhone();
await writeBuild(build);
const kilobytes = (size) => `${(size / 1000).toFixed(1)} kB`.padStart(9);
for (const { path, content, br } of build.files) {
  console.log(`${kilobytes(content.length)} ${kilobytes((br ?? content).length)}  ${path}`);
}
console.log(`Written to ${BUILT_FOLDER}: size, size compressed, address.`);
