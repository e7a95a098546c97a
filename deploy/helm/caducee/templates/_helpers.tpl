{{- define "caducee.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "caducee.selector" -}}
app.kubernetes.io/name: caducee
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "caducee.labels" -}}
{{ include "caducee.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "caducee.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "caducee.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{/* What the server and the migration have in common: image, hardening, settings, files. */}}
{{- define "caducee.container" -}}
image: {{ include "caducee.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
env:
  {{- range $name, $value := .Values.config }}
  - name: {{ $name }}
    value: {{ $value | toString | quote }}
  {{- end }}
  - name: CADUCEE_LISTEN_HOST
    value: '0.0.0.0'
  - name: CADUCEE_LISTEN_PORT
    value: '4000'
  {{- if .Values.metrics.enabled }}
  - name: CADUCEE_METRICS_PORT
    value: '9464'
  {{- end }}
  {{- if .Values.card.enabled }}
  - name: CADUCEE_CARD_LISTEN_HOST
    value: '0.0.0.0'
  - name: CADUCEE_CARD_LISTEN_PORT
    value: '4002'
  {{- end }}
envFrom:
  - secretRef:
      name: {{ required "existingSecret: the Secret with database, Redis, master key and the rest" .Values.existingSecret }}
volumeMounts:
  - { name: tmp, mountPath: /tmp }
  {{- if .Values.existingFilesSecret }}
  - { name: files, mountPath: /etc/caducee, readOnly: true }
  {{- end }}
{{- end -}}

{{- define "caducee.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- if .Values.existingFilesSecret }}
- name: files
  secret: { secretName: {{ .Values.existingFilesSecret }}, defaultMode: 288 }
{{- end }}
{{- end -}}
