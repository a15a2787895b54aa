/** Records from the microphone into a WAV file, which the server reads without further programs. */

export class Recording {
  private readonly stream: MediaStream
  private readonly recorder: MediaRecorder
  private readonly parts: Blob[] = []

  private constructor(stream: MediaStream) {
    this.stream = stream
    this.recorder = new MediaRecorder(stream)
    this.recorder.ondataavailable = event => { this.parts.push(event.data) }
    this.recorder.start()
  }

  /** Asks the browser for the microphone; throws when it is refused. */
  static async begin(): Promise<Recording> {
    return new Recording(await navigator.mediaDevices.getUserMedia({ audio: true }))
  }

  async end(name: string): Promise<File> {
    await new Promise(resolve => {
      this.recorder.onstop = resolve
      this.recorder.stop()
    })
    for (const track of this.stream.getTracks()) track.stop()
    const context = new AudioContext()
    const sound = await context.decodeAudioData(await new Blob(this.parts).arrayBuffer())
    await context.close()
    return new File([wav(sound.getChannelData(0), sound.sampleRate)], `${name}.wav`, { type: 'audio/wav' })
  }
}

/** One channel of samples from -1 to 1 as a WAV file with 16 bits. */
export function wav(samples: Float32Array, rate: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length))
  const text = (at: number, words: string) => {
    for (let place = 0; place < words.length; place += 1) view.setUint8(at + place, words.charCodeAt(place))
  }
  text(0, 'RIFF')
  view.setUint32(4, 36 + 2 * samples.length, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, 2 * rate, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, 2 * samples.length, true)
  samples.forEach((sample, place) => {
    view.setInt16(44 + 2 * place, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true)
  })
  return view.buffer as ArrayBuffer
}
